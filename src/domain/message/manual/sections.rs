//! What each part of the rule language means (rules.md), and what was chosen where nothing is prescribed.

use super::{Both, Kind, Section, parts};

parts! {
"days" zh "哪些天算数" en "Which days count at all" {
    Means zh "规则只看**已记录的上课日**：日历说那天上课、学生应到、那天至少有一节被点到。没有点名的日子谁也不算缺课：没有数据不等于人没有来。"
        en "Rules look at **recorded school days** only: days on which the calendar has lessons, the pupil is expected, and at least one period was called. Where there was no roll call nobody is absent: no data is not an absent child.";
    Means zh "每个学校、年级的日历按顺序取第一个说话的：`open`/`closed`（写得越细越先，一样细时 `open` 先）；放假安排里的放假和补课；年级、学校、乡镇的周模式。学期以外没有上课日。周日晚自习这样 `day: false` 的半天不是“天”：按天算的规则看不见它，按节、课时、半天算的和写了 `slots` 的看得见。"
        en "For each school and grade the first voice that speaks decides: `open`/`closed` (the more closely named first, on a tie `open`); public holidays and make-up days; the pattern of the grade, the school, the township. Outside terms nothing is a school day. A half day with `day: false`, such as Sunday evening study, is no day: rules in days do not see it, those in lessons, hours, periods or sessions and those with `slots` do.";
    Means zh "一天的每一节取**最后说的话**：报送按说明时间和到达次序排，后来的盖过先来的；人的决定（case excuse、case return、返校日期）盖过报送。名单全的报送（full）里没有的学生是 `not_listed`，只报缺勤的报送（exceptions）里没有的是出勤，两种都没有的是没有记录。"
        en "For each period the **latest word** counts: deliveries are ordered by when they were stated and arrived, and a person's decision (case excuse, case return, 返校日期) outranks them. A pupil missing from a full list is `not_listed`, one missing from a list of exceptions was present, and where there is neither nothing is recorded.";
    Choice zh "请了假以后：后来的“缺勤”不取消已批准的假；“旷课”和任何到校的记录取消它；旷课之后再来的“缺勤”照算，因为假已经被取消。没有批准的假是“缺勤”，谁也不保护。"
        en "After leave: a later `unexplained` does not take approved leave away; `truant` and everything attended do; an `unexplained` after such a `truant` counts, since the leave is gone by then. Leave that is not approved is `unexplained` and protects nobody.";
    Choice zh "借读的学生两所学校都报时，一节里任何一所到了就算到；都没到时，写出来的状态先于从“没在名单上”推出来的。"
        en "Where two schools list a pupil (借读), a period attended in either is attended; otherwise what is stated goes before what only follows from silence.";
    Choice zh "`timetable_of` 指到没有课的星期（例如周六）时，那天借全部节次：没有人会为零节课补课。"
        en "A `timetable_of` that names a weekday without lessons lends all periods: nobody opens a school for none.";
    Choice zh "学校没有写的年级，按学校的总日历算。第一个学期没有配置的学年，从 9 月 1 日起算。"
        en "A grade that the school does not have is read by the calendar of the school as a whole. A school year whose first term is not configured begins on 1 September.";
    Choice zh "休学、延缓入学、送教上门的一行从它生效起免除；学校第一次报这个学生的一行写了更早的 `enrolled_on` 的，从那天起免除。后来的行里的 `enrolled_on` 是学生当初入学的日子，不把免除提前。"
        en "A row of 休学, 延缓入学 or 送教上门 exempts from its coming into force; where it is the school's first row about the pupil and has an earlier `enrolled_on`, from that day on. In a later row `enrolled_on` is the day on which the pupil once came, and the exemption does not begin before the row.";
    Choice zh "写明离校日期的一行后来又写别的日期，以后来的为准；只重复“已离校”、不写日期的，不改日期。离校以后又列为在读的，从 `enrolled_on`（晚于离校日时）或那份报表的日期起重新应到。"
        en "A later row that names another day of leaving corrects the earlier one; one that merely repeats that the pupil has left does not move the day. A pupil who is listed again after leaving is expected from `enrolled_on`, if that lies after the leaving, else from the date of that export.";
    Choice zh "一天里几节写了不同的“请假至”，取最晚的。"
        en "Where the periods of a day name different ends of leave, the latest counts.";
}
"statuses" zh "状态和集合" en "Statuses and sets" {
    Means zh "`of:` 说什么算缺：集合、状态、几个状态，或带权重的表。没有写理由的缺勤是 `unexplained`，从严算作无故，直到报送或人另有说法。自己的状态（`statuses:`）写 `in:`（属于哪些集合）或 `like:`（和哪个状态一样）；规则点了名的状态只指它自己。"
        en "`of:` says what counts: a set, a status, several, or a table of weights. An absence without a reason is `unexplained`, which is strict: it counts as unexcused until an export or a person says otherwise. A status of your own (`statuses:`) is in the sets of `in:` or of the status that it is `like:`; a rule that names a status means that one alone.";
    Choice zh "`{absent: 1, sick: 0}` 从集合里去掉一个状态；点名的状态先于它所在的集合。同一状态在几个集合里，取大的权重。"
        en "`{absent: 1, sick: 0}` takes a status out of a set: what is named itself goes before the set that it is in. Of several sets that hold a status the greater weight counts.";
    Choice zh "权重、界限和比例都按分数精确计算。三次迟到算一次写 `1/3`；写 `0.33` 会收到警告，因为三个 0.33 不是 1。"
        en "Weights, thresholds and shares are exact fractions. Three times late for one truancy is `1/3`; `0.33` is warned about, since three of them are not 1.";
}
"acts" zh "做过的工作（acts）" en "What people did (acts)" {
    Means zh "在范围 `within` 里（不写：所有日子）登记过满 `at_least` 次这种措施、这种结果。同一学生、日期、措施、结果、经办人只算一次。"
        en "In the window `within` (left out: on all days) so many acts of that kind and result are recorded, or more. Equal pupil, date, kind, result and person are one act.";
    Means zh "措施和结果的词见下表；自己的写在 `acts:` 里。" en "The words of kinds and results are below; your own stand under `acts:`.";
    Choice zh "到那一天为止登记在那一天或更早的都算，不管那天上不上课；没有日期依据，量是次数。"
        en "Acts of any date up to the day count, on school days or not. There are no dates of evidence; the measure is their number.";
    Choice zh "和 `consecutive` 写在一个 `all` 里用 `within: run` 时，从连续的第一天算起；一个 `all` 里有几个 `consecutive`，指第一个。"
        en "With `within: run` beside a `consecutive` in one `all` it counts from the first day of the run; with several of them the first is meant.";
}
"when-a-day-counts" zh "一天什么时候算" en "When a day counts" {
    Means zh "只看一天里**说明了的节次**：不看没有记录的，也不看 `not_listed`（除非 `of` 里写了它）。L 是这些节次的权重之和，a 是权重乘状态权重之和。a > 0 且 a ÷ L ≥ `day_share`（默认 1/2，`all` = 1，`any` = 0）时这一天算；写 `day_lessons: n` 时看 a ≥ n。规则和条件里都写了的，听条件的。一节说明了的都没有的日子，对这个条件不存在：不断开，也不加长。"
        en "Only the **stated periods** of a day are looked at: neither those without a record nor, unless `of` names it, `not_listed` ones. L is their summed weight, a the sum of weight times weight of the status. The day counts if a > 0 and a ÷ L ≥ `day_share` (1/2 by default, `all` is 1, `any` 0), or with `day_lessons: n` if a ≥ n. Where rule and condition both say so, the condition wins. A day without a stated period does not exist for the condition: it neither breaks nor lengthens anything.";
    Means zh "`slots: [am]` 只看这些时段的节次。`sessions` 里的半天也这样判断，总是按 `day_share`。"
        en "`slots: [am]` looks only at the periods of these slots. A session counts in the same way over its own periods, always by `day_share`.";
    Choice zh "半天上课的日子里，整段写“迟到”的，第一节迟到、其余出勤；早退是最后一节。第一节、最后一节按那天真有的节次算。"
        en "Late for several periods makes the first late and the others present, left early the last; which is first or last is read by the periods that the day itself has.";
}
"rule" zh "一条规则" en "A rule" {
    Means zh "`when` 对一个对象、一个已记录的日子给出是或不是，只用到那天为止的记录。“以上、达、满 n”写 `n`，“超过 n”写 `{over: n}`。"
        en "`when` says yes or no of one subject and one recorded day, using only what is recorded up to that day. \"n or more\" (以上, 达, 满) is `n`, \"more than n\" (超过) is `{over: n}`.";
    Choice zh "只有 `not` 的条件对几乎所有人每天都成立，`check` 会警告；永远不会成立的（五天的范围里要十天）也会。"
        en "A condition of nothing but `not` is true of almost everybody on every day, and one that can never be true (ten days among five) never is: `check` warns of both.";
}
"filters" zh "管谁（where）" en "Whom it is about (where)" {
    Means zh "写出来的都要在那天满足，否则条件为假。`group` 是学籍里的类别，有其一即可。年龄按周岁，两端都含，生日当天算满。以前的个案不是过滤条件。"
        en "All that is given must hold on the day; else the condition is false. `group` means any of the pupil's tags of the register. Ages are full years with both ends included, full on the birthday. Earlier cases are no filter.";
    Choice zh "班级规则里，学段、年级、学校、班级选的是班：班里有一个学生符合，全班就选上（复式班坐在一间教室里）；其余的过滤选班里计数的学生。"
        en "In a rule about classes stage, grade, school and class choose whole classes: one fitting pupil is enough, since grades of one class sit in one room. The other filters choose the pupils that are counted.";
}
"consecutive" zh "连续（consecutive）" en "A run (consecutive)" {
    Means zh "到这一天为止没有断开的、算缺的日子达到界限。对条件不存在的日子（放假、没有点名）不断开也不加长；不算缺的日子怎样断开，由 `broken_by` 说。`calendar_days` 是首尾两天之差加一，`weeks: n` 是 7n 天；`months: n` 是最后一天的次日不早于第一天 n 个月后的同一天（没有那天的取月末）。按 `sessions`、`lessons`、`hours` 时，是含有当天一节（半天）的最长一段。"
        en "The run of counting days up to the day, not broken since, is long enough. Days that do not exist for the condition (holidays, no roll call) neither break nor lengthen it; which of the others break it is said by `broken_by`. `calendar_days` is last minus first day plus one, `weeks: n` is 7n of them; `months: n`: the day after the last is not before the same day n months after the first (the month's last if there is none). In `sessions`, `lessons` or `hours` it is the longest stretch that holds one of the day.";
    Choice zh "`broken_by: {attended_days: k}` 时，到校不足 k 天的日子被跳过，条件保持原样：认定这几天里还成立。"
        en "With `broken_by: {attended_days: k}` fewer than k attended days are passed over and the condition stays as it was: the finding is still true on them.";
    Choice zh "`broken_by: attended` 时，请假的日子既不断开也不加长。按节、半天算时，只在有记录的当天问。"
        en "With `broken_by: attended` days of leave neither break nor lengthen. In sessions, lessons and hours it is asked only on the day itself.";
    Choice zh "按日历算的，量仍写作天（首尾相差加一）。转学接着数；要在换校处断开写 `across_schools: false`。"
        en "Counts of the calendar are measured in days too, first to last. A change of school does not break a run; `across_schools: false` does.";
}
"total" zh "累计（total）" en "A sum (total)" {
    Means zh "范围里加起来达到界限：`days` 算缺的天数（`parts: true` 时加 a ÷ L，半天是 1/2）；`sessions` 半天数；`lessons` Σ a；`hours` Σ 分钟 × 状态权重 ÷ 60；`periods` Σ 状态权重，不管节次多重；`spells` 缺课的段数。"
        en "The sum over the window is great enough: `days` counting days (with `parts: true` their a ÷ L, half a day is 1/2); `sessions`; `lessons` Σ a; `hours` Σ minutes × weight of the status ÷ 60; `periods` Σ weights of statuses, whatever the period weighs; `spells` runs of counting days.";
    Choice zh "`parts: true` 也只加算缺的日子：缺了不到一半的日子（默认）不加。要都加，写 `day_share: any`。"
        en "`parts: true` adds counting days only: a day of which less than half was missed (by default) adds nothing. With `day_share: any` all do.";
    Choice zh "依据是 a > 0 而且进了和的日子。范围里不可能有那么多天时，`check` 会警告。"
        en "The evidence are days with a > 0 that went into the sum. `check` warns where the window cannot hold so many days.";
}
"rate" zh "占比（rate）" en "A share (rate)" {
    Means zh "范围里至少有 `min_days` 个对条件存在的日子，而且 Σ a ÷ Σ L 达到 `at_least`（或超过 `over`）。`by: days` 用算缺的天数除以存在的天数；`out_of: planned` 除以范围里计划的全部节次，包括本学期还没上的。"
        en "The window has `min_days` existing days or more, and Σ a ÷ Σ L is `at_least` (or more than `over`). `by: days` divides counting days by existing ones; `out_of: planned` divides by all that is planned in the window, days to come of the term included.";
    Choice zh "`out_of: planned` 时，`week` 算到周日，`month` 到月末，`span` 到那一段结束，`term`、`school_year`、`enrolment` 到学期结束，都不超过学期；其余的范围本来就到当天为止。"
        en "With `out_of: planned`, `week` reaches to Sunday, `month` to its last day, a `span` to its end, `term`, `school_year` and `enrolment` to the end of the term, none beyond the term; the other windows end on the day itself.";
}
"weekday" zh "总在星期几（weekday）" en "Always on the same weekday (weekday)" {
    Means zh "当天是这些星期几之一，而且最近 `of_last` 个存在的这种日子（含当天）里有 `at_least` 个算缺；不够 `of_last` 个时不成立。放假的不存在，再往前数。"
        en "The day is one of these weekdays, and of the last `of_last` existing ones (the day included) `at_least` count; with fewer existing ones it is not true. Holidays do not exist, so it is counted further back.";
    Choice zh "默认跨学期接着数（只有 `school_days` 和 `consecutive` 在学期开始处停）；`across_terms: false` 不跨。"
        en "It goes on over terms by default (only `school_days` and `consecutive` stop at a term's start); `across_terms: false` stops it.";
}
"not_registered" zh "没有报到（not_registered）" en "Not registered (not_registered)" {
    Means zh "从学期第一个上课日（或学生应到的第一天，取晚的）到当天一节也没有来，这一段里应到的上课日满 n 个，记录了的也满 n 个；用 `weeks`、`months`、`calendar_days` 时至少记录一个。`excused: stops`（默认）：病假、事假、公假结束这一段，从下一个上课日重新数；`counts`：不结束。"
        en "From the term's first school day (or the first expected day, if later) to the day no period is attended, and that stretch has n expected school days, n of them recorded; with `weeks`, `months`, `calendar_days` at least one. `excused: stops` (default): stated sick, personal or official periods end the stretch and a new one begins with the next school day; `counts`: they do not.";
    Choice zh "本学期来过一节以后就再也不成立，哪怕后来请过假。依据是这一段里记录了的日子。"
        en "Once a period of the term was attended it is never true again, whatever leave follows. The evidence are the recorded days of the stretch.";
}
"unlisted" zh "名在人不在（unlisted）" en "On the register, not on the roll (unlisted)" {
    Means zh "连续 n 个记录了的日子，每一节都是 `not_listed`：班级的完整名单交来了，里面没有这个学生。"
        en "On n recorded days in a row every recorded period is `not_listed`: the class was listed in full, and this pupil was not on the list.";
    Choice zh "任何一节别的状态就断开，请假也断开。中间不算天的半天（周日晚自习）跳过。跨学期接着数。"
        en "Any other status of any period breaks the run, leave too. Half days that are no days are passed over. It goes on over terms.";
}
"overdue_return" zh "到期未返（overdue_return）" en "Leave has ended (overdue_return)" {
    Means zh "最近一个写了“请假至”的日子所写的日期（或免除就学的期满日）已经过去，之后一节没有来，之后记录了的上课日满 n 个（或按日历满多少天、周、月）。"
        en "The `leave_until` of the latest day that has one (or the end of an exemption) lies before the day, nothing after it is attended, and n recorded school days lie after it (or so many days, weeks, months of the calendar).";
    Choice zh "请假和休学都有时，看较晚生效的那个。续假把日期推后，认定随之撤销。期满当天不算，从次日数起。"
        en "Of leave and an exemption the one in force later is looked at. Prolonged leave moves the day, and the finding is retracted. The last day of leave does not count; it is counted from the next.";
    Choice zh "按日历：`calendar_days` 是当天减到期日，`weeks: n` 是 7n 天，`months: n` 是当天不早于到期日 n 个月后的同一天。"
        en "Of the calendar: `calendar_days` is the day minus the end of leave, `weeks: n` are 7n of them, `months: n`: the day is not before the same day n months after the end.";
}
"leave_stated" zh "长假（leave_stated）" en "Long leave (leave_stated)" {
    Means zh "含当天的连续请假日，一直数到为它写明的最晚“请假至”（没有写的到当天），上课日满 n 个（或日历天）。"
        en "The run of excused days that contains the day, taken up to the latest `leave_until` stated for it (to the day if there is none), has n school days (or days of the calendar).";
    Choice zh "在请假的每一天都成立，所以第一天就知道。一天请假满一半才算请假（规则的 `day_share`）。跨学期接着数。"
        en "It is true on each day of the leave, hence known on the first. A day is excused from half of it on (`day_share` of the rule). It goes on over terms.";
}
"not_arrived" zh "转出没有落实（not_arrived）" en "Left without an arrival (not_arrived)" {
    Means zh "学生状态是“转出”，全镇没有别的学校的学籍有这个学生，没有登记 `arrival`（到校确认），而且原学校在离校日以后到当天的上课日满 n 个。学生虽不再应到，仍按原学校的上课日问。"
        en "The pupil left with 转出, no register of the township lists them elsewhere, no act `arrival` is recorded, and n school days of the old school lie after `left_on` up to the day. It is asked on the old school's days although the pupil is no longer expected.";
    Choice zh "任何结果的 `arrival` 都算落实，从登记的那天起不再成立；依据是离校以后原学校的上课日。"
        en "An `arrival` of any result ends it from its date on. The evidence are the old school's days after the leaving.";
}
"still_absent" zh "做了工作还没来（still_absent）" en "Still away after an act (still_absent)" {
    Means zh "u 是最近一次到校以后第一次这种措施的日子；u 之后一节没有来，而且 u 之后记录了的上课日满 n 个（或日历天：当天 − u ≥ n）。"
        en "u is the day of the first such act since the last attended period; nothing after u is attended, and n recorded school days lie after u (or of the calendar: day − u ≥ n).";
    Choice zh "到校那天登记的措施不算：那天学生来过，措施说的是以前。要在最近一次到校的第二天或以后。"
        en "An act on the day of the last attended period does not count, since the child was there on that day: it must lie after it.";
    Choice zh "做了几次时从第一次数起；来过一节以后，以前的措施都不再算。"
        en "Of several acts the first counts; once a period is attended, earlier ones count no more.";
}
"all" zh "都满足（all）" en "All of them (all)" {
    Means zh "列出的条件都成立。依据是各条的并集，量取第一个有量的。" en "Every condition of the list is true. The evidence is the union of theirs, the measure that of the first that has one.";
}
"any" zh "满足其一（any）" en "Any of them (any)" {
    Means zh "列出的条件至少一条成立。依据和量只取成立的各条。" en "One condition of the list is true, or more. Evidence and measure are those of the true ones.";
    Choice zh "从一条成立换成另一条成立，中间没有断开的，是同一条认定。" en "Where one condition takes over from another without a gap, it is one and the same finding.";
}
"not" zh "不满足（not）" en "Not (not)" {
    Means zh "里面的条件不成立。没有依据，没有量。" en "The condition inside is false. It has neither evidence nor measure.";
}
"cluster" zh "同班多人（cluster）" en "Several at once (cluster)" {
    Means zh "范围里有满 `pupils` 个不同的学生各有一天算缺（那天属于这个班或学校）；写了 `share` 的，还要占当天应到的这么多。"
        en "`pupils` different pupils or more have a counting day in the window, on which they belong to the class or school; with `share` they are also that share of those expected on the day.";
    Choice zh "属于哪个班看算缺的那天，住宿、性别、年龄、类别看当天；`share` 除以应到而且被计数的学生。范围按班级自己的上课日数。"
        en "Whom a class has is read on the counting day, boarding, sex, age and tags on the day asked about; `share` divides by the expected pupils that are counted. The window is counted in the school days of the class itself.";
}
"roll_call_missing" zh "没有点名（roll_call_missing）" en "No roll call (roll_call_missing)" {
    Means zh "一天没有一节被点到（学校：没有一个班被点到），当天要过了 `by`；这样连续 n 个上课日。从来源第一次交来数据的那天和 `live_from` 起问；后来补交的撤回它。"
        en "No period of the day is covered (for a school: of any of its classes), today only after `by`, and so on n school days in a row. It is asked from the first day for which the source has delivered anything and from `live_from`; coverage that comes later retracts.";
    Choice zh "过去的日子不等到 `by`。学校规则只看过滤选上的班。" en "Past days do not wait for `by`. In a rule about schools only the classes that the filters choose are looked at.";
}
"always_full" zh "天天全勤（always_full）" en "Always full (always_full)" {
    Means zh "连续 n 个记录了的日子，每天至少 `pupils` 个学生有记录，而且每一节都是出勤。" en "On n recorded days in a row, each with `pupils` recorded pupils or more, every recorded period was present.";
    Choice zh "迟到、早退、公假、不在名单上都不是“出勤”，会断开。" en "Late, left early, on official duty and not listed are not present, and break it.";
}
"corrected_late" zh "事后改考勤（corrected_late）" en "Changed long afterwards (corrected_late)" {
    Means zh "一次报送把满 `lessons` 节无故缺课改成了别的，改的是 `older_than` 个上课日以前的日子；认定落在报送那天（不上课的，下一个有记录的日子）。"
        en "One delivery turned `lessons` periods or more from unexcused into something else, for days more than `older_than` school days before it. It is true on the day on which that was stated, else on the next recorded day.";
    Choice zh "每次报送分别数；同一天有几次达到的，量取最大的。人的决定（case excuse）不算报送。" en "Each delivery is counted by itself; of several on one day the greatest is measured. A person's decision (case excuse) is no delivery.";
}
"windows" zh "范围（within）" en "Windows (within)" {
    Means zh "`{school_days: n}` 到当天为止的最近 n 个上课日，记录没记录都算；`{school_weeks: n}` 最近 n 个有上课日的日历周；`{calendar_days: n}` 当天和前 n−1 天；`{months: n}` n 个月前同一天以后；`week`（周一起）、`month`、`term`、`school_year`、`enrolment`、`{span: 名字}` 各到当天；`run` 从同一个 `all` 里 `consecutive` 的第一天起；`{after_act: {kind: …}}` 最近一次这种措施以后。任何范围不早于学生最早应到的那天。"
        en "`{school_days: n}` the last n school days up to the day, recorded or not; `{school_weeks: n}` the last n calendar weeks with a school day; `{calendar_days: n}` the day and the n−1 before; `{months: n}` the days after the same day n months before; `week` (from Monday), `month`, `term`, `school_year`, `enrolment`, `{span: name}`, each up to the day; `run` from the first day of the `consecutive` beside it in the same `all`; `{after_act: {kind: …}}` the days after the latest such act. No window reaches back past the earliest day from which the pupil was expected.";
    Means zh "`clip: term | school_year` 在学期（学年）开始处截断；`school_days` 本来就停在学期开始，`across_terms: true` 才越过；`across_schools: false` 在换校处截断。"
        en "`clip: term | school_year` cuts a window there; `school_days` stops at the term's start unless `across_terms: true`; `across_schools: false` cuts at a change of school.";
    Choice zh "学段的学期不同的学校，一个班（学校）的某一天属于那天有课的第一个学生的学期。"
        en "In a school whose stages have different terms, a day of a class or school belongs to the term of the first of its pupils who has lessons on it.";
    Choice zh "换过学校的，每一天按当天所在学校的日历数。不在任何一段里的日子，`{span: …}` 的条件为假。班级和学校没有 `run` 和 `after_act`。"
        en "After a change of school each day is read by the calendar of its own school. On days outside every such span, a condition within `{span: …}` is false. A class or school has neither `run` nor `after_act`.";
    Choice zh "`across_terms: false` 写在本来就跨学期的范围旁、`clip` 什么也截不掉、`acts` 没有 `within` 却写了这些键：都会警告，因为写的人以为它有用。"
        en "`across_terms: false` beside a window that crosses terms anyway, a `clip` that cuts nothing off, and these keys beside `acts` without `within` are warned about: whoever wrote them thinks that they do something.";
}
"episodes" zh "认定怎样开始、结束、撤回" en "How a finding begins, ends and is retracted" {
    Means zh "同一规则、同一对象，条件成立的、连着的记录日是一条认定：`fired_on` 第一天，`last_on` 最后一天，`open` 表示最后一天就是最近的记录日而且学生仍应到。没有记录的日子不断开。一条规则的每个条件都停在学期开始的，学期结束也结束认定。"
        en "For one rule and one subject the recorded days in a row on which the condition is true are one finding: `fired_on` is the first, `last_on` the last, `open` says that the last is the latest recorded day and the subject is still expected. Days without a record do not end it; the end of a term does where every condition of the rule stops at a term's start.";
    Means zh "有更正时全部重算：不再成立的**撤回**，并说是什么撤回了它；变长的延长；不再成立到最近一天的结束。第一天因更正而变的，是一条撤回、一条新开。"
        en "After a correction everything is computed afresh: what is no longer true is **retracted**, naming what removed it; what is longer is extended; what does not reach the latest day is cleared. A finding whose first day moves is one retracted and one opened.";
    Choice zh "第一次看到时已经结束的认定，照样显示，不开个案，不通知任何人；`live_from` 以前的也是。" en "A finding that is over when it is first seen is shown, and opens no case and alarms nobody; so is one from before `live_from`.";
    Choice zh "`effective` 的日子以外不问：不开新的，也不断开；`to` 过去以后有了新的记录日，认定就不再是“还成立”。"
        en "Outside `effective` the rule is not asked: nothing begins and nothing is broken; once a day after `to` is recorded, the finding is no longer open.";
}
"policy-change" zh "改规则" en "Changes of the rules" {
    Means zh "改规则从不撤回：旧版本认定的留作个案的依据，标为被取代，不再发任何通知；只有新版本认定、现在还成立的才新开。改日历是更正，照更正办。"
        en "A change of rules never retracts: what the old version had found stays as the ground of its case, superseded, and sends nothing; what only the new version finds is opened if it is still open. A change of the calendar is a correction like any other.";
}
}
