//! The words of the manual: what each part of the rule language means and what was chosen where the law and the papers are
//! silent; the Chinese of the comments at the keys of the files. How a page is put together is `config::manual`'s.

mod files;
mod keys;
mod sections;

pub use sections::SECTIONS;

use super::Lang;

/// A text in both languages that takes no values.
#[derive(Clone, Copy)]
pub struct Both {
    pub zh: &'static str,
    pub en: &'static str,
}

impl Both {
    pub fn in_lang(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }
}

/// A part of the rule reference.
pub struct Section {
    /// A condition, or a topic of its own.
    pub key: &'static str,
    pub title: Both,
    pub says: &'static [(Kind, Both)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What it means.
    Means,
    /// What was chosen where nothing is prescribed.
    Choice,
}

macro_rules! parts {
    ($($(#[$doc:meta])* $key:literal zh $zh:literal en $en:literal { $($kind:ident zh $szh:literal en $sen:literal;)* })*) => {
        pub const SECTIONS: &[Section] = &[$(Section {
            key: $key,
            title: Both { zh: $zh, en: $en },
            says: &[$((Kind::$kind, Both { zh: $szh, en: $sen })),*],
        }),*];
    };
}
pub(crate) use parts;

/// The Chinese of a comment at a key or type of the files; `None`: nobody has translated it yet.
pub fn chinese(comment: &str) -> Option<&'static str> {
    keys::KEYS.iter().chain(files::KEYS).find(|(en, _)| *en == comment).map(|(_, zh)| *zh)
}

/// Every comment that has its Chinese: one that no key has any longer is found by a test.
pub fn translated() -> impl Iterator<Item = &'static str> {
    keys::KEYS.iter().chain(files::KEYS).map(|(en, _)| *en)
}

messages! {
    rules_title() zh "规则大全" en "Rule reference";
    rules_intro() zh "这一页由程序自己的类型和一个测试写成，请不要手改：每个例子都由程序真的编译、真的算过，缺课条、成立的日子、量和依据都是程序算出来的。例子是程序的政策测试，在 tests/policy/reference 里。" en "This page is written by a test from the program's own types; do not edit. Every example was compiled and evaluated by the program: the strips, the days, the measures and the evidence are what it returned. The examples are policy tests of the program, in tests/policy/reference.";
    rules_marks() zh "缺课条里一格是一周，一天一个标记，或一天里每节一个：√ 出勤、× 未到（无理由）、旷 旷课、病 病假、事 事假、迟 迟到、退 早退、公 公假、- 名单上没有、. 没有点名、~ 不应到、= 放假。周末不写，补课的周末写。" en "In a strip a cell is a week, with a mark for each day or one for each period of the day: √ present, × unexplained, 旷 truant, 病 sick, 事 personal leave, 迟 late, 退 left early, 公 on official duty, - not listed, . no roll call, ~ not expected, = day off. Weekends are left out, those that are made up for are not.";
    contents() zh "目录" en "Contents";
    column_key() zh "键" en "key";
    column_value() zh "写法" en "value";
    column_default() zh "不写时" en "left out";
    column_meaning() zh "意思" en "meaning";
    required() zh "必须写" en "required";
    one_unit() zh "单位写一项" en "one unit";
    one_of_these() zh "写其中一项" en "one of these";
    with_default(text, default) zh "{text}不写时：{default}。" en "{text} Default: {default}.";
    with_need(text, need) zh "{text}{need}。" en "{text} {need}.";
    choices() zh "条文没有说的，这样定：" en "Where nothing is prescribed, this was chosen:";
    example() zh "例" en "Example";
    who() zh "谁" en "who";
    rule_column() zh "规则" en "rule";
    fired_on() zh "成立" en "true from";
    last_on() zh "最后一天" en "last day";
    still_open() zh "还成立" en "still true";
    measure() zh "量" en "measure";
    evidence() zh "依据" en "evidence";
    yes() zh "是" en "yes";
    no() zh "否" en "no";
    nothing_found() zh "没有认定。" en "Nothing is found.";
    at_instant(time) zh "{time} 时：" en "At {time}:";
    cases_now(cases) zh "个案：{cases}" en "Cases: {cases}";
    status_column() zh "状态" en "status";
    words_column() zh "中文词" en "words of files";
    sets_column() zh "属于" en "in sets";
    kinds_column() zh "措施" en "kind";
    results_column() zh "结果" en "result";

    files_title() zh "配置大全" en "Configuration reference";
    files_intro() zh "这一页由程序自己的类型和一个测试写成，请不要手改。没有写“必须写”的键都可以不写。时长带单位（`10s`、`15m`、`24h`），一天里的时间加引号（`\"08:30\"`），比例写 `5%` 或 `1/20`。" en "Made from the program's own types by a test; do not edit. Every key that is not marked as required may be left out.\nDurations carry units (`10s`, `15m`, `24h`), times of day are quoted (`\"08:30\"`), shares are `5%` or `1/20`.";
    root_title() zh "主配置文件" en "The root file";
    shape_or() zh " 或 " en " or ";
    shape_list(of) zh "列表：{of}" en "list of {of}";
    shape_many(one) zh "{one}，可以写几个" en "{one}, or a list";
    shape_values() zh "值" en "values";
    shape_map(of) zh "名字: {of}" en "map of names to {of}";
    shape_any_map() zh "键: 值" en "map";
    shape_text() zh "文字" en "text";
    shape_whole() zh "整数" en "whole number";
    shape_number() zh "数" en "number";
    shape_value() zh "值" en "value";
    shape_threshold() zh "`3`（满 3）或 `{{over: 3}}`（超过 3）" en "`3` (3 or more) or `{{over: 3}}` (more than 3)";
    shape_of() zh "`unexcused`、`[truant, late]` 或 `{{truant: 1, late: 1/3}}`" en "`unexcused`, `[truant, late]` or `{{truant: 1, late: 1/3}}`";
    shape_within() zh "[范围](#windows)" en "a [window](#windows)";
    shape_cond() zh "[条件](#conditions)" en "a [condition](#conditions)";
    shape_where() zh "[过滤](#filters)" en "[filters](#filters)";
    shape_share() zh "`5%` 或 `1/20`" en "`5%` or `1/20`";
    shape_day_share() zh "`1/2`、`50%`、`all` 或 `any`" en "`1/2`, `50%`, `all` or `any`";
    shape_fraction() zh "`2`、`1/2` 或 `1.5`" en "`2`, `1/2` or `1.5`";
    shape_words() zh "文字，或 `{{zh: …, en: …}}`" en "text, or `{{zh: …, en: …}}`";
    shape_date() zh "日期 `2026-09-01`" en "date `2026-09-01`";
    shape_time() zh "时间 `\"08:30\"`" en "time `\"08:30\"`";
    shape_grades() zh "`3`、`1-6` 或 `[7, 9]`" en "`3`, `1-6` or `[7, 9]`";
    shape_broken_by() zh "`day`、`attended` 或 `{{attended_days: 2}}`" en "`day`, `attended` or `{{attended_days: 2}}`";
    shape_effective() zh "`{{from: 2026-09-01, to: 2027-08-31}}`" en "`{{from: 2026-09-01, to: 2027-08-31}}`";
    shape_age() zh "`{{from: 6, to: 15, on: day}}`" en "`{{from: 6, to: 15, on: day}}`";
    shape_acts() zh "`{{kind: persuasion, result: failed}}`" en "`{{kind: persuasion, result: failed}}`";
    shape_after_act() zh "`{{kind: visit}}`" en "`{{kind: visit}}`";
    shape_older() zh "`{{school_days: 3}}`" en "`{{school_days: 3}}`";
}
