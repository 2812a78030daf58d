//! Messages about simulations: what days that have passed would come to, under these rules or others.

messages! {
    from_after_to(from, to)
        zh "--from {from} 在 --to {to} 之后"
        en "--from {from} lies after --to {to}";
    from_in_the_future(from)
        zh "{from} 还没有到：模拟只重放已经过去的日子"
        en "{from} has not come yet: a simulation replays days that have passed";
    compare_with_what()
        zh "--compare 要有可比的：请用 --rules、--ladders 或 --live-from 给出另一种做法"
        en "--compare needs something to compare with: name another way with --rules, --ladders or --live-from";
    nothing_stored()
        zh "还没有存下任何报送，没有可以重放的"
        en "no delivery is stored yet: there is nothing to replay";
    nothing_stored_hint()
        zh "先用 kongchuo import 读入报送，或让守护程序运行；历史文件请带 --stated-at"
        en "read deliveries in with `kongchuo import` or let the daemon run; give files of the past their time with --stated-at";
    nothing_by_then(to, first, n)
        zh "到 {to} 为止还没有任何报送：最早的是 {first} 到的（此后共 {n} 份）"
        en "nothing was known by {to}: the first delivery came on {first} ({n} came after the days asked for)";
    nothing_by_then_hint()
        zh "换一段日子；若是事后补读的历史，可用 --known stated 按报送自己说的时间重放，或用 import --stated-at 读入"
        en "ask for other days; for history that was read in afterwards, --known stated replays it as of the time that it states, or import it with --stated-at";
    not_played()
        zh "没有重放到底"
        en "the days could not be replayed to their end";
    other_problems()
        zh "要试的规则或流程有错，没有重放"
        en "what is to be tried has problems; nothing was replayed";

    title_today(from, to) zh "{from} 至 {to}，按现在的规则重放" en "{from} to {to}, replayed under today's rules";
    title_other(from, to) zh "{from} 至 {to}，按要试的规则重放" en "{from} to {to}, replayed under the rules to be tried";
    title_compare(from, to) zh "{from} 至 {to}：现在的规则与要试的规则" en "{from} to {to}: today's rules and those to be tried";
    heading_rules() zh "按规则" en "By rule";
    heading_letters() zh "信" en "Letters";
    heading_incidents() zh "异常" en "Incidents";
    heading_cases() zh "新开的个案" en "Cases opened";
    heading_letter_list() zh "逐封" en "Letter by letter";
    heading_more() zh "现在没有、改后会有个案的孩子" en "Children who would have a case and have none today";
    heading_fewer() zh "现在有、改后不再有个案的孩子" en "Children who have a case today and would have none";
    heading_otherwise() zh "两边都有、但时间或级别不同的孩子" en "Children who have one under both, at another time or level";
    heading_letters_more() zh "多出的信" en "Letters that would be added";
    heading_letters_fewer() zh "少去的信" en "Letters that would not go";
    heading_assumed() zh "重放时的假定" en "What was assumed";
    none() zh "没有" en "none";

    col_findings() zh "认定" en "findings";
    col_cases() zh "个案" en "cases";
    col_letters() zh "信" en "letters";
    col_sms() zh "短信条数" en "SMS";
    col_count() zh "件数" en "number";
    col_kind() zh "种类" en "kind";
    col_today() zh "现在" en "today";
    col_other() zh "改后" en "to be tried";
    col_what() zh "项目" en "what";
    col_opened() zh "立起" en "opened";
    col_why() zh "因为" en "because of";
    col_was() zh "现在" en "today";

    totals(cases, numbered, relapses, letters)
        zh "新开个案 {cases} 件（其中立案编号 {numbered} 件），复发 {relapses} 次，信 {letters} 封"
        en "{cases} cases opened ({numbered} of them numbered), {relapses} relapses, {letters} letters";
    sms_total(letters, segments)
        zh "短信 {letters} 封，计 {segments} 条（超过 70 字的按每 67 字一条计）"
        en "{letters} SMS, charged as {segments} (of more than 70 characters, one for each 67)";
    what_findings(rule) zh "认定 {rule}" en "findings of {rule}";
    what_cases() zh "新开个案" en "cases opened";
    what_numbered() zh "其中立案编号" en "of them numbered";
    what_relapses() zh "复发" en "relapses";
    what_letters() zh "信" en "letters";
    what_letters_of(channel, role) zh "信：{channel} → {role}" en "letters: {channel} → {role}";
    what_sms() zh "短信条数" en "SMS as charged";
    what_incidents(kind) zh "异常 {kind}" en "incidents: {kind}";
    no_difference() zh "两种做法在这些日子里没有差别" en "the two come to the same on these days";
    level_at(opened, level, rule) zh "{opened} 第{level}级 {rule}" en "{opened}, level {level}, {rule}";
    shown_of(shown, all)
        zh "只列出前 {shown} 条，共 {all} 条；全部请用 --all 或 --format json"
        en "the first {shown} of {all}; all of them with --all or --format json";

    note_policy()
        zh "从头到尾用同一份配置：规则、流程、校历、联系人、通道都是现在的（当时的旧版本和改动不重放）；学生的联系人是登记簿里最新的"
        en "one configuration throughout: rules, ladders, calendar, contacts and channels are those of now (earlier versions and changes are not replayed); contacts of pupils are the register's latest";
    note_start(start, deliveries, commands)
        zh "从 {start} 放起，共 {deliveries} 份报送、{commands} 件人做的事，各在当时的时刻；只列出所问的日子"
        en "played from {start} on: {deliveries} deliveries and {commands} things that people did, each at its instant; only the days asked for are shown";
    note_gateways()
        zh "守护程序一直醒着；网关立即收下每一封信，当时失败过的同一封信照样失败；机器自己的毛病（磁盘、时钟）不重放"
        en "the daemon was awake all the time; gateways take every letter at once, and one that failed then fails again; troubles of the machine itself (disk, clock) are not replayed";
    note_rehearsal()
        zh "配置是演练（mode: rehearsal）：信都进文件夹；短信条数按正式运行会发的短信计"
        en "the configuration is a rehearsal: letters go to the folder; those that would be SMS are counted as such";
    note_live_from(day)
        zh "live_from 是 {day}：此前的缺课只记时间线，不告知任何人；想看当时会怎样，加 --live-from 日期"
        en "live_from is {day}: absence before it alarms nobody; to see what would have followed, add --live-from DATE";
    note_first(first)
        zh "最早的记录是 {first}：此前没有东西可重放"
        en "the first record is of {first}: before that there is nothing to replay";
    note_until_now(now)
        zh "只放到现在（{now}）"
        en "played until now ({now})";
    note_as_stated(n)
        zh "{n} 份报送是事后读入的，按它们自己说的时间算作已知"
        en "{n} deliveries were read in afterwards and count as known when they were stated";
    note_read_in(n)
        zh "{n} 份报送是在这些日子里补读的历史，从读入时起才算已知；要按它们自己说的时间，加 --known stated"
        en "{n} deliveries are history that was read in within these days and count from then on; to take them as they were stated, add --known stated";
    note_later(n)
        zh "{n} 份报送在所问的日子之后才到，没有算进来"
        en "{n} deliveries came after the days asked for and are left out";
    note_refused(n)
        zh "人做过的事里有 {n} 件在这些规则下没有对象（例如没有那件个案）；他们记下的考勤决定仍然有效"
        en "{n} things that people did have nothing to act on under these rules (no such case, say); what they decided about days holds all the same";
    note_word() zh "说明" en "note";
}
