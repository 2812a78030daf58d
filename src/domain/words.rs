//! What a notice says: facts in, words out, by kind of recipient and family of channel. An office's word never reaches a
//! guardian: each kind has texts and variables of its own. Pure; overriding templates are minijinja, strict.

use super::incident as kind;
use super::message::{Lang, letters as m};
use super::notice;
use super::paper::Paper;
use super::policy::{Policy, Template};
use super::{Date, Time};
use chrono::Datelike;
use serde_json::{Value, json};

/// Who reads it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    Guardian,
    /// Homeroom teacher, principal and the school's other contacts.
    Staff,
    Office,
}

/// What is known of a child at the instant of composing. No `Debug`: names and numbers.
#[derive(Clone, Default)]
pub struct Child {
    pub name: String,
    pub school: String,
    pub class: String,
    /// Days of absence that the case rests on, ascending.
    pub dates: Vec<Date>,
    pub homeroom_name: String,
    pub homeroom_phone: String,
    pub principal_name: String,
    pub principal_phone: String,
    pub level: u8,
    pub number: Option<String>,
    pub returned_on: Option<Date>,
}

/// One notice's facts.
pub struct Facts<'a> {
    pub rung: &'a str,
    pub template: Option<&'a str>,
    pub document: Option<&'a str>,
    /// The numbered draft that belongs to it.
    pub draft: Option<(Paper, &'a str)>,
    /// The draft comes with the letter; else it is only named.
    pub attached: bool,
    pub child: Option<&'a Child>,
    pub facts: &'a Value,
    pub sms: bool,
    pub reader: Reader,
    /// What an incident's subject is called (a school's name rather than a source's id).
    pub subject: String,
    pub lang: Lang,
}

/// Subject line (mail) and text.
pub type Said = (String, String);

pub fn say_day(lang: Lang, d: Date) -> String {
    m::day(lang, d.month(), d.day())
}

/// 9月7日、9月8日; long lists as a range with its count.
pub fn say_dates(lang: Lang, dates: &[Date]) -> String {
    match dates {
        [] => String::new(),
        [first, .., last] if dates.len() > 10 => {
            m::days_range(lang, say_day(lang, *first), say_day(lang, *last), dates.len())
        }
        _ => dates.iter().map(|d| say_day(lang, *d)).collect::<Vec<_>>().join(&m::list_mark(lang)),
    }
}

/// The words of one notice. A template that cannot be filled falls back to the default text: a letter is never lost for a
/// typing error (`check` finds those).
pub fn say(policy: &Policy, f: &Facts) -> Said {
    let default = default_words(f);
    let Some(template) = f.template.and_then(|t| policy.templates.by_id.get(t)) else { return default };
    fill(policy, template, f).unwrap_or(default)
}

fn fill(policy: &Policy, t: &Template, f: &Facts) -> Option<Said> {
    let values = variables(policy, f);
    let render = |source: &str| -> Option<String> {
        let mut env = minijinja::Environment::new();
        env.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        env.render_str(source, template_value(&values)).ok()
    };
    if f.sms {
        let text = render(t.sms.as_ref()?.in_lang(f.lang))?;
        return Some((String::new(), text));
    }
    let text = t.email_text.as_ref().or(t.sms.as_ref()).and_then(|x| render(x.in_lang(f.lang)))?;
    let subject =
        t.email_subject.as_ref().and_then(|x| render(x.in_lang(f.lang))).unwrap_or_else(|| default_words(f).0);
    Some((subject, text))
}

fn template_value(v: &Value) -> minijinja::Value {
    match v {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(b) => minijinja::Value::from(*b),
        Value::Number(n) => n.as_i64().map_or_else(|| minijinja::Value::from(n.to_string()), minijinja::Value::from),
        Value::String(s) => minijinja::Value::from(s.as_str()),
        Value::Array(a) => a.iter().map(template_value).collect(),
        Value::Object(o) => minijinja::Value::from_pairs(o.iter().map(|(k, v)| (k.as_str(), template_value(v)))),
    }
}

/// What templates about a child may name; `check` refuses the rest.
pub const CHILD_VARIABLES: [&str; 11] = [
    "township.name",
    "dates",
    "pupil.name",
    "pupil.class",
    "pupil.school",
    "homeroom.name",
    "homeroom.phone",
    "school.name",
    "school.principal",
    "school.phone",
    "incident",
];
/// What only offices see.
pub const OFFICE_VARIABLES: [&str; 2] = ["case.number", "case.level"];

/// Variables by reader: none can show more than its reader may see.
fn variables(policy: &Policy, f: &Facts) -> Value {
    let mut out = json!({ "township": { "name": policy.township.name } });
    let Some(c) = f.child else {
        out["incident"] = f.facts.clone();
        return out;
    };
    out["dates"] = json!(say_dates(f.lang, &c.dates));
    out["pupil"] = json!({ "name": c.name, "class": c.class, "school": c.school });
    out["homeroom"] = json!({ "name": c.homeroom_name, "phone": c.homeroom_phone });
    out["school"] = json!({ "name": c.school, "principal": c.principal_name, "phone": c.principal_phone });
    if f.reader == Reader::Office {
        out["case"] = json!({ "number": c.number, "level": c.level });
    }
    out
}

fn default_words(f: &Facts) -> Said {
    match f.child {
        Some(c) => about_child(f, c),
        None => about_township(f),
    }
}

/// Whom a guardian is to call: the homeroom teacher, else the school.
fn contact(c: &Child, lang: Lang) -> String {
    let (name, phone) = match c.homeroom_name.as_str() {
        "" => (c.school.as_str(), c.principal_phone.as_str()),
        name => (name, c.homeroom_phone.as_str()),
    };
    let title = match lang {
        Lang::Zh if !c.homeroom_name.is_empty() && !name.ends_with("老师") => "老师",
        _ => "",
    };
    let gap = if lang == Lang::En && !phone.is_empty() { " " } else { "" };
    format!("{name}{title}{gap}{phone}")
}

/// After a return the days since are what a relapse is about.
fn since_return(c: &Child) -> Vec<Date> {
    let since: Vec<Date> = c.dates.iter().copied().filter(|d| c.returned_on.is_none_or(|r| *d > r)).collect();
    if since.is_empty() { c.dates.clone() } else { since }
}

/// The absence that a return has ended.
fn before_return(c: &Child) -> Vec<Date> {
    c.dates.iter().copied().filter(|d| c.returned_on.is_none_or(|r| *d < r)).collect()
}

fn about_child(f: &Facts, c: &Child) -> Said {
    let lang = f.lang;
    let dates = match f.rung {
        notice::RELAPSED => say_dates(lang, &since_return(c)),
        notice::RETURNED => say_dates(lang, &before_return(c)),
        _ => say_dates(lang, &c.dates),
    };
    let back = say_day(lang, c.returned_on.or(c.dates.last().copied()).unwrap_or_default());
    match f.reader {
        Reader::Guardian => {
            let text = match f.rung {
                notice::RETURNED if dates.is_empty() => m::guardian_returned(lang, &c.name, back),
                notice::RETURNED => m::guardian_back(lang, &c.name, dates, back),
                notice::RELAPSED => m::guardian_relapsed(lang, &c.name, dates, contact(c, lang)),
                notice::CORRECTED => m::guardian_corrected(lang, &c.name),
                notice::REPLY => reply(f),
                _ => m::guardian_absent(lang, &c.name, dates, contact(c, lang)),
            };
            (m::guardian_subject(lang, &c.name), text)
        }
        Reader::Staff => {
            let text = match f.rung {
                notice::RETURNED => m::staff_returned(lang, &c.school, &c.class, &c.name, back),
                notice::RELAPSED => m::staff_relapsed(lang, &c.school, &c.class, &c.name, dates),
                notice::CORRECTED => m::staff_corrected(lang, &c.school, &c.class, &c.name),
                notice::REPLY => reply(f),
                notice::DIGEST => digest(f, c, back, dates),
                rung => {
                    let task = match rung {
                        "visit" => m::staff_task_visit(lang),
                        "school" => m::staff_task_lead(lang),
                        _ => m::staff_task_contact(lang),
                    };
                    m::staff_absent(lang, &c.school, &c.class, &c.name, dates, task) + &enclosed(f)
                }
            };
            (m::staff_subject(lang, &c.name, &c.school), text)
        }
        Reader::Office => {
            let number = c.number.clone().unwrap_or_else(|| m::case_without_number(lang));
            let mut text = match f.rung {
                notice::RETURNED => m::staff_returned(lang, &c.school, &c.class, &c.name, back),
                notice::RELAPSED => m::staff_relapsed(lang, &c.school, &c.class, &c.name, dates),
                notice::CORRECTED => m::staff_corrected(lang, &c.school, &c.class, &c.name),
                notice::REPLY => reply(f),
                notice::DIGEST => digest(f, c, back, dates),
                notice::UNCONFIRMED => {
                    let by = f.facts.get("by").and_then(Value::as_str).unwrap_or_default();
                    m::stated_unconfirmed(lang, &c.school, &c.class, &c.name, by)
                }
                rung => {
                    let mut t = m::office_absent(lang, &number, &c.school, &c.class, &c.name, dates, c.level);
                    t.push_str(&match (f.document, rung) {
                        (Some("rectification_order"), _) => m::office_order(lang),
                        (_, "overdue") => m::office_overdue(lang),
                        _ => m::office_report(lang),
                    });
                    t.push_str(&enclosed(f));
                    t
                }
            };
            if f.facts.get("unconfirmed").and_then(Value::as_bool) == Some(true) {
                text.push_str(&m::office_unconfirmed(lang));
            }
            (m::office_subject(lang, number, &c.school, &c.name), text)
        }
    }
}

/// What the digest names: a child who was back before anybody was told, or days that two people excused.
fn digest(f: &Facts, c: &Child, back: String, dates: String) -> String {
    let text = |key: &str| f.facts.get(key).and_then(Value::as_str).unwrap_or_default();
    let day = |key: &str| text(key).parse::<Date>().map(|d| say_day(f.lang, d)).unwrap_or_default();
    match text("what") {
        "excused" => {
            let days = match text("from") == text("to") {
                true => day("from"),
                false => m::span_of_days(f.lang, day("from"), day("to")),
            };
            m::digest_excused(f.lang, &c.school, &c.class, &c.name, days, text("by"), text("second"))
        }
        _ => m::digest_back(f.lang, &c.school, &c.class, &c.name, dates, back),
    }
}

/// What is said of a draft: that it is attached and what a person does with it, or only its number.
fn enclosed(f: &Facts) -> String {
    let Some((paper, number)) = f.draft else { return String::new() };
    let title = paper.title(f.lang);
    match (f.attached, paper) {
        (false, _) => m::draft_named(f.lang, title, number),
        (true, Paper::WrittenReport) => m::report_attached(f.lang, title, number),
        (true, Paper::RectificationOrder) => m::order_attached(f.lang, title, number),
    }
}

/// An answer names the children it is about, and who has taken a case on already.
fn reply(f: &Facts) -> String {
    let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut done, mut said) = (Vec::new(), Vec::new());
    for a in f.facts.get("answers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
        match a.get("taken").filter(|t| !t.is_null()) {
            Some(t) => said.push(m::answer_taken(f.lang, text(a, "name"), text(t, "by"), text(t, "at"))),
            None => done.push(text(a, "name")),
        }
    }
    if !done.is_empty() {
        said.insert(0, m::answer_done(f.lang, done.join(&m::list_mark(f.lang))));
    }
    if !said.is_empty() {
        return said.join("\n");
    }
    let text = f.facts.get("text").and_then(Value::as_str).map_or_else(|| m::reply_thanks(f.lang), str::to_owned);
    match f.child {
        Some(c) => m::answer_about(f.lang, &c.name, text),
        None => text,
    }
}

/// Title and explanation of an incident.
pub fn incident_words(lang: Lang, k: &str, subject: &str, detail: &Value) -> Said {
    let s = |key: &str| match detail.get(key) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Null) | None => String::new(),
        Some(v) => v.to_string(),
    };
    let dates: Vec<Date> = detail.get("dates").and_then(|d| serde_json::from_value(d.clone()).ok()).unwrap_or_default();
    match k {
        kind::EXPORT_OVERDUE => {
            (m::export_overdue_title(lang, subject), m::export_overdue_text(lang, s("day"), s("by")))
        }
        kind::EXPORT_HELD => (m::export_held_title(lang, subject), m::export_held_text(lang)),
        kind::EXPORT_REJECTED => (m::export_rejected_title(lang, subject), m::export_rejected_text(lang)),
        kind::UNKNOWN_PUPILS => (m::unknown_pupils_title(lang, subject), m::unknown_pupils_text(lang)),
        kind::ROSTER_SHRUNK => (m::roster_shrunk_title(lang, subject), m::roster_shrunk_text(lang)),
        kind::CALENDAR_UNKNOWN => (m::calendar_unknown_title(lang, subject), m::calendar_unknown_text(lang)),
        kind::MASS_ABSENCE => {
            (m::mass_absence_title(lang, subject), m::mass_absence_text(lang, s("pupils"), say_dates(lang, &dates)))
        }
        kind::CONTACT_MISSING => (m::contact_missing_title(lang, subject), m::contact_missing_text(lang)),
        kind::CHANNEL_DOWN if !s("refused").is_empty() => {
            (m::message_refused_title(lang, subject), m::message_refused_text(lang))
        }
        kind::CHANNEL_DOWN => (m::channel_down_title(lang, subject), m::channel_down_text(lang)),
        kind::LETTERS_STUCK => (m::letters_stuck_title(lang, subject), m::letters_late_text(lang)),
        kind::LADDER_OVERDUE => (m::ladder_overdue_title(lang, subject), m::letters_late_text(lang)),
        kind::CASE_FOR_REVIEW => (m::case_for_review_title(lang, subject), m::case_for_review_text(lang)),
        kind::EXEMPTION_ENDS => {
            let until = s("until").parse::<Date>().map(|d| say_day(lang, d)).unwrap_or_default();
            (m::exemption_ends_title(lang, subject), m::exemption_ends_text(lang, until))
        }
        kind::LADDER_EXHAUSTED => (m::ladder_exhausted_title(lang, subject), m::ladder_exhausted_text(lang)),
        kind::CLOCK_JUMPED => (m::clock_jumped_title(lang), m::clock_jumped_text(lang, s("minutes"))),
        kind::AUDIT_FAILED => (m::audit_failed_title(lang), m::audit_failed_text(lang)),
        kind::DISK_LOW => (m::disk_low_title(lang, s("free")), m::disk_low_text(lang)),
        kind::BACKUP_OLD => {
            let last = s("last").parse::<Date>().map(|d| say_day(lang, d)).unwrap_or_else(|_| m::backup_never(lang));
            (m::backup_old_title(lang), m::backup_old_text(lang, last))
        }
        kind::POLICY_REJECTED => (m::policy_rejected_title(lang), m::policy_rejected_text(lang, s("problems"))),
        other => {
            let title = detail
                .get("title")
                .and_then(|t| t.get(if lang == Lang::Zh { "zh" } else { "en" }))
                .and_then(Value::as_str)
                .unwrap_or(other);
            (m::other_title(lang, title, subject), say_dates(lang, &dates))
        }
    }
}

fn about_township(f: &Facts) -> Said {
    let lang = f.lang;
    match f.rung {
        notice::MORNING => morning(f),
        notice::WEAKENED => {
            let list: Vec<super::weaken::Weakening> =
                f.facts.get("weaker").and_then(|w| serde_json::from_value(w.clone()).ok()).unwrap_or_default();
            let list = list.iter().map(|w| w.sentence(lang)).collect::<Vec<_>>().join("\n");
            (m::weakened_subject(lang), m::weakened_text(lang, list))
        }
        notice::REPLY => (String::new(), reply(f)),
        rung => {
            let k = f.facts.get("kind").and_then(Value::as_str).unwrap_or_default();
            let (title, text) = incident_words(lang, k, &f.subject, f.facts.get("detail").unwrap_or(&Value::Null));
            let body = match rung {
                notice::MENDED => m::mended_text(lang, &title),
                notice::HELD => m::held_text(lang, &title, text),
                _ => m::incident_text(lang, &title, text),
            };
            (m::incident_subject(lang, title), body)
        }
    }
}

fn morning(f: &Facts) -> Said {
    let lang = f.lang;
    let n = |v: &Value, key: &str| v.get(key).and_then(Value::as_u64).unwrap_or(0);
    let mut lines = Vec::new();
    let mut quiet = n(f.facts, "open") == 0;
    for s in f.facts.get("schools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
        let name = s.get("name").and_then(Value::as_str).unwrap_or_default();
        let is = |key: &str| s.get(key).and_then(Value::as_bool).unwrap_or(false);
        if !is("school_day") {
            lines.push(m::morning_closed(lang, name));
        } else if is("reported") {
            quiet &= n(s, "absent") == 0;
            lines.push(m::morning_line(lang, name, n(s, "expected"), n(s, "present"), n(s, "absent")));
        } else {
            quiet = false;
            lines.push(m::morning_silent(lang, name));
        }
    }
    lines.push(m::morning_cases(
        lang,
        n(f.facts, "open"),
        n(f.facts, "watching"),
        n(f.facts, "climbed"),
        n(f.facts, "returned"),
    ));
    if quiet {
        lines.push(m::morning_quiet(lang));
    }
    let date = f.facts.get("date").and_then(Value::as_str).unwrap_or_default();
    (m::morning_subject(lang, date), lines.join("\n"))
}

/// Several notices to one address are one letter.
pub fn join(lang: Lang, mut said: Vec<Said>) -> Said {
    // Whoever has two roles reads once what both are told.
    let mut seen = std::collections::BTreeSet::new();
    said.retain(|s| seen.insert(s.clone()));
    match said.len() {
        1 => said.into_iter().next().unwrap_or_default(),
        n => {
            let text = said.into_iter().map(|(_, t)| t).collect::<Vec<_>>().join("\n\n");
            (m::many_subject(lang, n), text)
        }
    }
}

/// The clock time of an answer ("already taken on by … at …").
pub fn say_time(at: Time) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
