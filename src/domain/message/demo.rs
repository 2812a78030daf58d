//! Messages about the demo: what happened in the made-up township's term, as a person would tell it.

use super::Lang;

messages! {
    folder_not_empty(path)
        zh "{path} 里已经有别的东西，演示不会覆盖它"
        en "{path} already holds something else; the demo does not overwrite it";
    name_another_folder()
        zh "另给一个文件夹：kongchuo demo 某处"
        en "name another folder: kongchuo demo SOMEWHERE";
    cannot_write(path)
        zh "{path} 写不进去"
        en "{path} cannot be written";
    township_not_played()
        zh "虚构乡镇的学期没有放完"
        en "the term of the made-up township could not be played to its end";
    making()
        zh "正在虚构一个乡镇……"
        en "Making up a township …";
    title(name, from, to)
        zh "{name}（虚构）的一个学期，{from} 至 {to}"
        en "One term of a made-up township, {name}, {from} to {to}";
    played(schools, pupils, files, seconds)
        zh "{schools} 所学校，{pupils} 名学生；{files} 个文件逐日送到各校的收件文件夹，由守护程序的同一套步骤处理，用时 {seconds} 秒。"
        en "{schools} schools, {pupils} pupils; {files} files came into the schools' folders day by day and went through the daemon's own steps in {seconds} seconds.";

    heading_children() zh "孩子" en "The children";
    school_line(name, pupils, follow_ups, cases)
        zh "{name}（{pupils} 人）：缺课跟踪 {follow_ups} 件，立案 {cases} 件"
        en "{name} ({pupils} pupils): {follow_ups} follow-ups, {cases} numbered cases";
    school_states(returned, watching, open, mistaken, other)
        zh "回来了 {returned}，刚回来、还在观察 {watching}，仍未到校 {open}，记录有误 {mistaken}，其他原因结案 {other}"
        en "{returned} came back, {watching} are back and watched, {open} are still away, {mistaken} were mistakes in the records, {other} closed otherwise";
    heading_climb() zh "逐级告知走到哪里" en "How far the climbs went";
    rung_line(rung, roles, times)
        zh "{rung}（{roles}）：{times} 次"
        en "{rung} ({roles}): {times}";
    heading_one_child(school)
        zh "其中一个孩子（{school}）"
        en "One of them ({school})";
    event_opened() zh "缺课跟踪开始" en "a follow-up is opened";
    event_numbered(number) zh "立案，案号 {number}" en "it becomes case {number}";
    event_level(level) zh "升到 {level} 级" en "it reaches level {level}";
    event_told(role) zh "告知{role}" en "told: {role}";
    event_marked_suspected() zh "标记为疑似辍学" en "marked as suspected of dropping out";
    event_marked_dropout() zh "标记为辍学" en "marked as dropped out";
    event_returned(day) zh "返校（{day}）" en "back in school ({day})";
    event_relapsed(day) zh "再次缺课（{day}）" en "away again ({day})";
    event_closed() zh "结案" en "closed";
    event_exhausted() zh "阶梯走完，仍未解决：成为事件" en "the end of the ladder, unresolved: an incident";
    more_events(n) zh "……另有 {n} 条" en "… and {n} more";

    heading_letters(n) zh "信：共 {n} 封" en "The letters: {n}";
    letters_line(role, by)
        zh "{role}：{by}"
        en "{role}: {by}";
    letters_by(channel, n) zh "{channel} {n} 封" en "{n} by {channel}";
    heading_incidents() zh "运行中的事件" en "What went wrong around them";
    incident_closed(what, subject, from, to)
        zh "{from} 至 {to}：{what}（{subject}）"
        en "{from} to {to}: {what} ({subject})";
    incident_open(what, subject, from)
        zh "{from} 起，尚未解决：{what}（{subject}）"
        en "since {from}, still open: {what} ({subject})";
    incidents_more(what, n) zh "{what}：另有 {n} 次" en "{what}: {n} more times";
    no_incidents() zh "没有" en "nothing";

    heading_next() zh "接着看" en "Where to look next";
    next_letters(path) zh "信都在 {path}（没有发给任何人）" en "the letters are in {path} (nobody was written to)";
    next_exports(path) zh "学校的文件在 {path}，读完的在各自的 done/ 里" en "the schools' files are in {path}, those read in each one's done/";
    next_policy(path) zh "规则、阶梯、联系人在 {path}：改一改，再运行一次" en "rules, ladders and contacts are in {path}: change them and run the demo again";
    next_command(command, why) zh "{command}    {why}" en "{command}    {why}";
    why_cases() zh "所有的案" en "all cases";
    why_explain() zh "这个孩子的每一天、依据、发过和将要发的信" en "this child's days, why, and the letters past and to come";
    why_incidents() zh "现在还有什么问题" en "what is still wrong";
    why_findings() zh "规则在那一天说什么" en "what the rules said on that day";
}

/// A role as the tale names it.
pub fn role(lang: Lang, role: &str) -> String {
    let (zh, en) = match role {
        "homeroom" => ("班主任", "homeroom teachers"),
        "guardian" => ("监护人", "guardians"),
        "principal" => ("校长", "principals"),
        "moral_education" => ("德育主任", "heads of moral education"),
        "township_government" => ("镇政府", "the township government"),
        "education_office" => ("县教育局", "the county education office"),
        "operator" => ("系统管理员", "the operator"),
        other => (other, other),
    };
    match lang {
        Lang::Zh => zh.to_owned(),
        Lang::En => en.to_owned(),
    }
}

/// A kind of incident as the tale names it.
pub fn incident(lang: Lang, kind: &str) -> String {
    let (zh, en) = match kind {
        "export_overdue" => ("到点没有收到考勤", "no roll call by its time"),
        "export_held" => ("一个可疑的文件被扣住", "an odd file was held"),
        "export_rejected" => ("一个文件读不了", "a file could not be read"),
        "unknown_pupils" => ("考勤里有名册上没有的学生", "the roll call names pupils whom the register does not know"),
        "roster_shrunk" => ("名册里少了学生，没有说明去向", "pupils are missing from the register without a word"),
        "mass_absence" => ("一所学校同时大批缺课，先扣住告知", "many absent at one school at once: letters held"),
        "contact_missing" => ("没有可以联系的人", "nobody to reach"),
        "channel_down" => ("通道发不出去", "a channel was down"),
        "ladder_exhausted" => ("逐级告知走到头，孩子仍未回来", "the ladder ended and the child is not back"),
        "case_for_review" => ("案件待复核", "a case to be reviewed"),
        "calendar_unknown" => ("还不知道放假安排", "holidays not known"),
        "exemption_ends" => ("休学或免学即将到期", "a suspension is about to end"),
        other => (other, other),
    };
    match lang {
        Lang::Zh => zh.to_owned(),
        Lang::En => en.to_owned(),
    }
}
