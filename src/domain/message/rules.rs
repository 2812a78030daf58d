//! Messages about findings, explain, the because of a rule.

use super::Lang;
use crate::domain::finding::Unit;
use crate::domain::ratio::Ratio;

messages! {
    // Dates.
    month_day(month, day) zh "{month}月{day}日" en "{month}/{day}";
    year_month_day(year, month, day) zh "{year}年{month}月{day}日" en "{year}-{month}-{day}";
    day_of_month(day) zh "{day}日" en "{day}";
    from_to(first, last) zh "{first}至{last}" en "{first} to {last}";
    because_on(head, dates) zh "{head}：{dates}" en "{head}: {dates}";
    because_through(head, dates, n) zh "{head}：{dates}，共 {n} 天" en "{head}: {dates}, {n} days in all";
    made_up(dates) zh "；{dates}为补课日" en "; school was open on {dates} (make-up)";
    days_off(dates) zh "；{dates}放假，不计" en "; no school on {dates}, not counted";
    because_also(head, dates) zh "{head}；涉及{dates}" en "{head}; the days: {dates}";
    because_recorded(head, dates) zh "{head}；至今有记录的：{dates}" en "{head}; recorded so far: {dates}";
    full_stop(text) zh "{text}。" en "{text}.";
    and_so(a, b) zh "{a}；并且{b}" en "{a}; and {b}";

    // Thresholds.
    at_least(amount) zh "满 {amount}" en "at least {amount}";
    more_than(amount) zh "超过 {amount}" en "more than {amount}";
    at_least_share(share) zh "达到 {share}" en "at least {share}";
    more_than_share(share) zh "超过 {share}" en "more than {share}";
    about(percent) zh "约{percent}%" en "about {percent}%";
    percent(percent) zh "{percent}%" en "{percent}%";
    with_holidays(days) zh "{days}（含节假日）" en "{days} (holidays included)";
    or(a, b) zh "{a}或{b}" en "{a} or {b}";
    weighed(status, weight) zh "{status}（折 {weight}）" en "{status} (as {weight})";
    in_slots(text, slots) zh "{text}（只看 {slots}）" en "{text} (only {slots})";

    // Windows: 近 20 个上课日内…, …within the last 20 school days.
    this_week() zh "本周内" en "within the week";
    this_month() zh "本月内" en "within the month";
    this_term() zh "本学期内" en "within the term";
    this_school_year() zh "本学年内" en "within the school year";
    since_enrolment() zh "入学以来" en "since enrolment";
    span(name) zh "“{name}”期间" en "within {name}";
    this_run() zh "这一段连续缺课中" en "within this run";
    after_act(kinds) zh "最近一次{kinds}之后" en "since the latest {kinds}";
    after_any_act() zh "最近一次措施之后" en "since the latest act";
    ever() zh "" en "";

    // Conditions as they were met (value) and as they are demanded (amount).
    consecutive(of, value) zh "连续 {value}{of}" en "{of} for {value} in a row";
    consecutive_wanted(of, amount) zh "连续{of}{amount}" en "{of} for {amount} in a row";
    total(window, of, value) zh "{window}{of}共 {value}" en "{value} of {of} {window}";
    total_wanted(window, of, amount) zh "{window}{of}累计{amount}" en "{amount} of {of} {window}";
    rate(window, of, value) zh "{window}{of}占{value}" en "{of} takes up {value} of the time {window}";
    rate_wanted(window, of, amount) zh "{window}{of}占比{amount}" en "{of} takes up {amount} of the time {window}";
    rate_min(text, n) zh "{text}（有记录的上课日不少于 {n} 个）" en "{text} (of at least {n} recorded school days)";
    weekday(last, weekdays, of, n) zh "最近 {last} 个有记录的{weekdays}中，{of}有 {n} 个" en "{of} on {n} of the last {last} recorded {weekdays}";
    weekday_wanted(last, weekdays, of, n) zh "最近 {last} 个有记录的{weekdays}中，{of}满 {n} 个" en "{of} on at least {n} of the last {last} recorded {weekdays}";
    not_registered(value) zh "开学以来一直没有到校，已 {value}" en "not at school since the term began, for {value}";
    not_registered_wanted(amount) zh "开学以来一直没有到校，{amount}" en "not at school since the term began, for {amount}";
    unlisted(value) zh "名册上有、考勤名单上没有该生，连续 {value}" en "on the register but not on the roll for {value} in a row";
    unlisted_wanted(amount) zh "名册上有、考勤名单上没有该生，连续{amount}" en "on the register but not on the roll for {amount} in a row";
    overdue_return(value) zh "请假（或休学）到期后仍未回校，已 {value}" en "not back after the leave ended, for {value}";
    overdue_return_wanted(amount) zh "请假（或休学）到期后仍未回校，{amount}" en "not back after the leave ended, for {amount}";
    leave_stated(value) zh "一次请假连续 {value}" en "one leave of {value}";
    leave_stated_wanted(amount) zh "一次请假连续{amount}" en "one leave of {amount}";
    not_arrived(value) zh "转出后没有到新学校报到的消息，已 {value}" en "left for another school, no word of arrival for {value}";
    not_arrived_wanted(amount) zh "转出后没有到新学校报到的消息，{amount}" en "left for another school, no word of arrival for {amount}";
    acts(window, acts, n) zh "{window}已登记 {n}{acts}" en "{acts} recorded {n} {window}";
    acts_wanted(window, acts, n) zh "{window}登记{acts}满 {n}" en "{acts} recorded at least {n} {window}";
    no_acts(window, acts) zh "{window}没有登记{acts}" en "no {acts} recorded {window}";
    still_absent(act, value) zh "{act}之后仍未到校，已 {value}" en "still not at school after {act}, for {value}";
    still_absent_wanted(act, amount) zh "{act}之后仍未到校，{amount}" en "still not at school after {act}, for {amount}";
    any_act() zh "任何措施" en "any act";
    act_with_result(act, result) zh "{act}（{result}）" en "{act} ({result})";
    not(text) zh "不是“{text}”" en "not: \"{text}\"";
    all(a, b) zh "{a}，并且{b}" en "{a}, and {b}";
    any(a, b) zh "{a}，或者{b}" en "{a}, or {b}";

    // What would clear a finding.
    clears_attended(n, from) zh "回校上课满 {n}（{from}起）即解除" en "cleared by attending {n} (from {from} on)";
    clears_attended_on(n, from, on) zh "回校上课满 {n}（{from}起，最早{on}）即解除" en "cleared by attending {n} (from {from} on, {on} at the earliest)";
    leave_breaks_too() zh "；请假获批也使连续计算中断，但请假不等于返校" en "; approved leave breaks the count too, but is no return";
    leave_breaks_not() zh "；请假不中断计算" en "; leave does not break the count";
    clears_registered(on) zh "到校上课一节（最早{on}）即解除" en "cleared by one attended period ({on} at the earliest)";
    leave_begins_anew() zh "；请假获批则从假后重新计算" en "; after approved leave it is counted anew";
    leave_counts() zh "；请假照样计入" en "; leave counts as well";
    clears_back(on) zh "回校上课（最早{on}）即解除" en "cleared by coming back to school ({on} at the earliest)";
    clears_listed(on) zh "考勤名单上重新有该生（最早{on}）即解除" en "cleared when the roll lists the pupil again ({on} at the earliest)";
    clears_passing(of, on) zh "此后不再{of}的话，{on}解除" en "if there is no more {of}, cleared on {on}";
    clears_acts_passing(on) zh "此后没有新的登记的话，{on}解除" en "if nothing more is recorded, cleared on {on}";
    clears_anew(acts) zh "再登记一次{acts}则重新计算" en "another {acts} starts the count anew";
    clears_leave_passing(on) zh "此后全部到校的话，{on}解除" en "if every day is attended, cleared on {on}";
    gone_by_then(dates) zh "（届时{dates}已移出统计范围）" en " (by then out of the window: {dates})";
    gone_many(n, dates) zh "（届时最早的 {n} 天已移出统计范围，至{dates}止）" en " (by then out of the window: the oldest {n} days, up to {dates})";
    value_by_then(value) zh "（届时为{value}）" en " (then {value})";
    clears_not() zh "在已知的校历内不会解除" en "not cleared within the calendar that is known";
    clears_by_acts(acts, n) zh "登记{acts}满 {n}即解除" en "cleared when {acts} is recorded {n}";
    clears_by_arrival() zh "登记“到校确认”，或本镇其他学校的名册上有该生，即解除" en "cleared when an arrival is recorded or another school's register lists the pupil";
    or_else(a, b) zh "{a}；或者：{b}" en "{a}; or: {b}";
    fired_till(first, last) zh "{first}成立，{last}之后不再成立" en "true from {first}, not any more after {last}";
    fired(day) zh "{day}成立" en "true from {day}";

    // How far a rule is from being true.
    distance_now(value, demand) zh "现为 {value}，{demand}即触发" en "now {value}; it takes {demand}";
    distance_none(nothing, demand) zh "{nothing}；{demand}即触发" en "{nothing}; it takes {demand}";
    distance_not(wanted) zh "{wanted}即触发" en "true when {wanted}";
    holds_now(text) zh "已具备：{text}" en "met: {text}";
    lacks(text) zh "尚缺：{text}" en "missing: {text}";
    part_now(text, value) zh "{text}（现为 {value}）" en "{text} (now {value})";
    part_nothing(text, nothing) zh "{text}（{nothing}）" en "{text} ({nothing})";
    one_of(a, b) zh "{a}；或者{b}" en "{a}; or {b}";
    one_suffices(text) zh "以下有一项即可：{text}" en "one of these is enough: {text}";
    nothing_counts() zh "现在没有计入的" en "nothing counts now";
    nothing_attended() zh "本学期已经到过校" en "the pupil has been at school this term";
    nothing_overdue() zh "现在没有到期未回的假" en "no leave is overdue now";
    nothing_excused() zh "现在不在请假" en "not on leave now";
    nothing_left() zh "没有转出" en "the pupil has not left for another school";
    nothing_listed() zh "现在在名单上" en "on the roll now";
    nothing_recorded() zh "还没有登记" en "none is recorded yet";
    nothing_after() zh "没有这样的登记，或者此后已到过校" en "no such act, or at school since";
    earliest(on) zh "；最早{on}" en "; on {on} at the earliest";
    earliest_if(status, on) zh "；此后每天{status}的话，最早{on}" en "; if the pupil is {status} every day from now on, on {on} at the earliest";
    earliest_acts() zh "；要看今后的登记" en "; that depends on what will be recorded";
    earliest_never() zh "；在已知的校历内不会触发" en "; not within the calendar that is known";
    barred_filter(what) zh "规则不问该生：只适用于{what}" en "the rule is not asked about this pupil: only for {what}";
    barred_effect(from, to) zh "规则今天不生效：有效期 {from} 至 {to}" en "the rule is not in effect today: from {from} to {to}";
    open_end() zh "不限" en "no limit";
    barred_expected() zh "今天不在校生之列，不再计算" en "the pupil is not expected at school today: nothing is counted";
    barred_subject() zh "这条规则针对班级或学校，不针对学生" en "this rule is about classes or schools, not about pupils";
    not_true_now() zh "现在不成立" en "not true now";

    // Filters.
    only_grades(list) zh "{list}年级" en "grades {list}";
    only_schools(list) zh "学校 {list}" en "the schools {list}";
    only_classes(list) zh "班级 {list}" en "the classes {list}";
    only_groups(list) zh "类别 {list}" en "the groups {list}";
    only_boarders() zh "住校生" en "boarders";
    only_day_pupils() zh "走读生" en "day pupils";
    only_boys() zh "男生" en "boys";
    only_girls() zh "女生" en "girls";
    age_between(from, to) zh "{from}至{to}周岁" en "ages {from} to {to}";
    age_from(from) zh "满{from}周岁" en "age {from} and above";
    age_to(to) zh "不超过{to}周岁" en "age {to} and below";
    basis(text) zh "依据 {text}" en "basis: {text}";

    // The strip.
    weekdays() zh "一 二 三 四 五 六 日" en "Mo Tu We Th Fr Sa Su";
}

/// A number with its unit, as it is read aloud.
pub fn count(lang: Lang, unit: Unit, calendar_days: bool, n: Ratio) -> String {
    let one = n == Ratio::ONE;
    let (zh, en_one, en_many) = match unit {
        Unit::Days if calendar_days => ("天", "day", "days"),
        Unit::Days => ("个上课日", "school day", "school days"),
        Unit::Sessions => ("个半天时段", "session", "sessions"),
        Unit::Lessons => ("节课", "lesson", "lessons"),
        Unit::Hours => ("小时", "hour", "hours"),
        Unit::Periods => ("次", "period", "periods"),
        Unit::Spells => ("段", "spell", "spells"),
        Unit::Acts => ("次", "act", "acts"),
        Unit::Pupils => ("名学生", "pupil", "pupils"),
        Unit::Rate => return share(lang, n),
    };
    let said = match lang {
        Lang::Zh => format!("{} {zh}", number(lang, n)),
        Lang::En => format!("{} {}", number(lang, n), if one { en_one } else { en_many }),
    };
    if calendar_days && unit == Unit::Days { with_holidays(lang, said) } else { said }
}

/// A number as it is read: whole, or whole and a part.
pub fn number(lang: Lang, n: Ratio) -> String {
    let (a, b) = (n.numerator(), n.denominator());
    match (lang, a / b) {
        (_, 0) => n.to_string(),
        _ if b == 1 => n.to_string(),
        (Lang::Zh, whole) => format!("{whole}又{}/{b}", a % b),
        (Lang::En, whole) => format!("{whole} {}/{b}", a % b),
    }
}

/// How often.
pub fn times(lang: Lang, n: impl Into<i64>) -> String {
    match (lang, n.into()) {
        (Lang::Zh, n) => format!("{n} 次"),
        (Lang::En, 1) => "once".to_owned(),
        (Lang::En, 2) => "twice".to_owned(),
        (Lang::En, n) => format!("{n} times"),
    }
}

/// The windows that reach back so far: 近 20 个上课日内.
pub fn last(lang: Lang, n: u32, window: &crate::domain::rule::ast::WindowKind) -> String {
    use crate::domain::rule::ast::WindowKind;
    let (zh, en) = match window {
        WindowKind::SchoolDays(_) => ("个上课日", "school day"),
        WindowKind::SchoolWeeks(_) => ("个教学周", "school week"),
        WindowKind::Months(_) => ("个月", "month"),
        _ => ("天", "day"),
    };
    match (lang, n) {
        (Lang::Zh, n) => format!("近 {n} {zh}内"),
        (Lang::En, 1) => format!("within the last {en}"),
        (Lang::En, n) => format!("within the last {n} {en}s"),
    }
}

/// Days at school, as one counts them aloud.
pub fn attended_days(lang: Lang, n: usize) -> String {
    match (lang, n) {
        (Lang::Zh, n) => format!("{n} 天"),
        (Lang::En, 1) => "1 school day".to_owned(),
        (Lang::En, n) => format!("{n} school days"),
    }
}

/// A threshold in weeks or months.
pub fn weeks(lang: Lang, n: Ratio) -> String {
    match lang {
        Lang::Zh => format!("{n} 周"),
        Lang::En => format!("{n} week{}", if n == Ratio::ONE { "" } else { "s" }),
    }
}

pub fn months(lang: Lang, n: Ratio) -> String {
    match lang {
        Lang::Zh => format!("{n} 个月"),
        Lang::En => format!("{n} month{}", if n == Ratio::ONE { "" } else { "s" }),
    }
}

/// A share in per cent, to a tenth; what is rounded says so.
pub fn share(lang: Lang, n: Ratio) -> String {
    let (a, b) = (i128::from(n.numerator()) * 1000, i128::from(n.denominator()));
    let tenths = (a * 2 + b) / (b * 2);
    let said = if tenths % 10 == 0 { format!("{}", tenths / 10) } else { format!("{}.{}", tenths / 10, tenths % 10) };
    if tenths * b == a { percent(lang, said) } else { about(lang, said) }
}

/// A set of statuses, or a built-in status; `None`: the township's own.
pub fn status(lang: Lang, id: &str) -> Option<&'static str> {
    let (zh, en) = match id {
        "attended" => ("到校", "attendance"),
        "excused" => ("请假", "approved leave"),
        "absent" => ("缺课", "absence"),
        "unexcused" => ("无故缺课", "unexcused absence"),
        "missing" => ("未到或不在名单上", "absence or not being on the roll"),
        "present" => ("到校", "presence"),
        "late" => ("迟到", "lateness"),
        "early_leave" => ("早退", "leaving early"),
        "official" => ("公假", "official leave"),
        "sick" => ("病假", "sick leave"),
        "personal" => ("事假", "personal leave"),
        "truant" => ("旷课", "truancy"),
        "unexplained" => ("缺勤（未说明原因）", "unexplained absence"),
        "not_listed" => ("不在名单上", "not being on the roll"),
        _ => return None,
    };
    Some(if lang == Lang::Zh { zh } else { en })
}

/// The same as what a child is on a day: 此后每天旷课, if the pupil is truant every day.
pub fn status_of_day(lang: Lang, id: &str) -> Option<&'static str> {
    if lang == Lang::Zh {
        return match id {
            "unexplained" => Some("缺勤"),
            id => status(lang, id),
        };
    }
    Some(match id {
        "present" => "at school",
        "late" => "late",
        "early_leave" => "gone early",
        "official" => "on official leave",
        "sick" => "on sick leave",
        "personal" => "on personal leave",
        "truant" => "truant",
        "unexplained" => "absent without a word",
        "not_listed" => "off the roll",
        _ => return None,
    })
}

/// A built-in kind or result of acts; `None`: the township's own.
pub fn act_word(lang: Lang, word: &str) -> Option<&'static str> {
    let (zh, en) = match word {
        "call" => ("电话", "phone call"),
        "visit" => ("家访", "home visit"),
        "persuasion" => ("劝返", "persuasion"),
        "urge" => ("督促", "urging"),
        "notice" => ("送达文书", "service of a document"),
        "arrival" => ("到校确认", "confirmation of arrival"),
        "replied" => ("家长回复", "reply of the guardian"),
        "reached" => ("已联系", "reached"),
        "failed" => ("未联系上或劝返无效", "failed"),
        "refused" => ("拒绝", "refused"),
        "returned" => ("劝返成功", "returned"),
        _ => return None,
    };
    Some(if lang == Lang::Zh { zh } else { en })
}

/// A share that is demanded: as a fraction where per cent would not be exact.
pub fn demanded_share(lang: Lang, n: Ratio) -> String {
    let exact = 1000 % n.denominator() == 0;
    if exact { share(lang, n) } else { n.to_string() }
}

pub fn semicolon(lang: Lang) -> &'static str {
    if lang == Lang::Zh { "；" } else { "; " }
}

/// What stands between the items of a list.
pub fn comma(lang: Lang) -> &'static str {
    if lang == Lang::Zh { "、" } else { ", " }
}

pub fn weekday_name(lang: Lang, day: chrono::Weekday) -> &'static str {
    let i = day.num_days_from_monday() as usize;
    match lang {
        Lang::Zh => ["周一", "周二", "周三", "周四", "周五", "周六", "周日"][i],
        Lang::En => ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"][i],
    }
}

/// What a mark of the strip means.
pub fn mark(lang: Lang, mark: char) -> Option<&'static str> {
    let (zh, en) = match mark {
        '√' => ("√到校", "√ present"),
        '迟' => ("迟到", "迟 late"),
        '退' => ("早退", "退 left early"),
        '公' => ("公假", "公 official leave"),
        '病' => ("病假", "病 sick leave"),
        '事' => ("事假", "事 personal leave"),
        '旷' => ("旷课", "旷 truant"),
        '×' => ("×缺勤", "× absent, unexplained"),
        '-' => ("-名单上没有", "- not on the roll"),
        '○' => ("○其他", "○ other"),
        '.' => (".没有记录", ". no record"),
        '=' => ("=放假", "= holiday"),
        '~' => ("~不在校", "~ not expected"),
        _ => return None,
    };
    Some(if lang == Lang::Zh { zh } else { en })
}

pub fn stage(lang: Lang, stage: crate::domain::policy::Stage) -> &'static str {
    use crate::domain::policy::Stage;
    let (zh, en) = match stage {
        Stage::Kindergarten => ("幼儿园", "kindergarten"),
        Stage::Primary => ("小学", "primary school"),
        Stage::Junior => ("初中", "junior school"),
        Stage::Senior => ("高中", "senior school"),
        Stage::Special => ("特殊教育", "special schools"),
    };
    if lang == Lang::Zh { zh } else { en }
}
