//! Made-up facts of papers about made-up people, for the golden texts and for a real word processor.

use kongchuo::document::{Facts, Ground, Guardian, Measure};
use kongchuo::domain::Date;
use kongchuo::domain::message::Lang;
use kongchuo::domain::policy::After;
use kongchuo::domain::rule::ast::Sex;

fn day(month: u32, day: u32) -> Date {
    Date::from_ymd_opt(2026, month, day).expect("a date")
}

/// A case with all that a paper can say.
pub fn full(lang: Lang) -> Facts {
    let guardian = |name: &str, relation: &str| Guardian { name: name.into(), relation: Some(relation.into()) };
    let measure = |date: Date, what: &str, by: &str, result: &str, note: &str| Measure {
        date,
        what: what.into(),
        by: by.into(),
        result: result.into(),
        note: note.into(),
    };
    Facts {
        lang,
        number: Some("520123104-2026-0007-02".into()),
        case_number: Some("520123104-2026-0007".into()),
        on: day(9, 18),
        township: "春山镇人民政府".into(),
        addressees: vec!["县教育局".into(), "春山镇人民政府".into()],
        school: "春山镇中心小学".into(),
        class: "三年级2班".into(),
        pupil: "张小雨".into(),
        sex: Some(Sex::Female),
        birth_date: Date::from_ymd_opt(2017, 3, 5),
        boarding: Some(false),
        household_township: Some("春山镇".into()),
        household_address: Some("春山镇柳溪村三组12号".into()),
        guardians: vec![guardian("张父", "父亲"), guardian("李母", "母亲")],
        carers: vec![guardian("张奶奶", "祖母")],
        principal: Some(("王校长".into(), "13900000012".into())),
        absent: vec![day(9, 7), day(9, 8), day(9, 9), day(9, 14), day(9, 15), day(9, 16), day(9, 17), day(9, 18)],
        grounds: vec![Ground {
            said: "连续五天无故缺课，共 5 个上课日：9月14日、15日、16日、17日、18日。".into(),
            basis: Some("云政办规〔2022〕5号 第四条".into()),
        }],
        measures: vec![
            measure(day(9, 7), "电话", "周老师", "已联系上", "家长说孩子身体不适"),
            measure(day(9, 7), "通知监护人（短信）", "系统", "已发出", ""),
            measure(day(9, 9), "家访", "周老师、陈主任", "家中无人", ""),
            measure(day(9, 15), "通知监护人（短信）", "系统", "已发出", ""),
            measure(day(9, 16), "劝返", "王校长、村委会赵主任", "无效", "孩子不愿上学，家长希望外出务工"),
        ],
        returned: None,
        term: Some(After::CalendarDays(7)),
        unconfirmed: false,
    }
}

/// A case of which next to nothing is known.
pub fn bare(lang: Lang) -> Facts {
    let full = full(lang);
    Facts {
        lang,
        on: full.on,
        township: full.township,
        addressees: full.addressees,
        school: full.school,
        class: full.class,
        pupil: full.pupil,
        absent: vec![day(9, 14)],
        unconfirmed: true,
        ..Facts::default()
    }
}

/// A long case: every school day of two months, and many measures.
pub fn long(lang: Lang) -> Facts {
    let full = full(lang);
    let absent = day(9, 7).iter_days().take_while(|d| *d <= day(11, 6)).collect();
    let measures = (0..44).map(|i| full.measures[i % full.measures.len()].clone()).collect();
    Facts { absent, measures, ..full }
}
