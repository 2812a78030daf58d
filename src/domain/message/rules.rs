//! Messages about findings, explain, the because of a rule.

messages! {
    month_day(month, day)
        zh "{month}月{day}日"
        en "{month}/{day}";
    day_of_month(day)
        zh "{day}日"
        en "{day}";
    school_days(n)
        zh "{n} 个上课日"
        en "{n} school day(s)";
    calendar_days(n)
        zh "{n} 天（含节假日）"
        en "{n} day(s), holidays included";
    sessions(n)
        zh "{n} 个半天时段"
        en "{n} session(s)";
    lessons(n)
        zh "{n} 节课"
        en "{n} lesson(s)";
    hours(n)
        zh "{n} 小时"
        en "{n} hour(s)";
    periods(n)
        zh "{n} 次"
        en "{n} period(s)";
    spells(n)
        zh "{n} 段"
        en "{n} spell(s)";
    rate(n)
        zh "占 {n}"
        en "a share of {n}";
    acts(n)
        zh "{n} 次措施记录"
        en "{n} recorded act(s)";
    pupils(n)
        zh "{n} 名学生"
        en "{n} pupil(s)";
    because(title, value)
        zh "{title}，共 {value}"
        en "{title}: {value}";
    because_on(head, dates)
        zh "{head}：{dates}。"
        en "{head}, on {dates}.";
    ends(head)
        zh "{head}。"
        en "{head}.";
    made_up(dates)
        zh "其中 {dates} 为补课日。"
        en " {dates}: school was open on make-up days.";
    days_off(dates)
        zh "{dates} 放假，不计。"
        en " {dates}: no school, not counted.";
}
