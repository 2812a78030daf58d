//! Wanted against got: each section that is named matches completely, an entry left over on either side is a difference.
//! Compares values only; knows no store and no world.

use super::problem::{Exact, read_time};
use super::want::Want;
use super::yaml::{self, Node};
use crate::domain::Time;
use crate::domain::message::{Lang, story as say};
use serde_json::Value;

/// What there was at one instant, in the JSON forms of interface.md §3 with student numbers.
#[derive(Clone, Debug, Default)]
pub struct Got {
    pub findings: Vec<Value>,
    pub letters: Vec<GotLetter>,
    pub cases: Vec<Value>,
    pub incidents: Vec<Value>,
    pub ledger: Vec<Value>,
    pub refused: Vec<Value>,
}

#[derive(Clone, Debug)]
pub struct GotLetter {
    /// A gateway said yes; others are looked at only where `state:` asks for them.
    pub accepted: bool,
    /// The JSON form, and `ladders`.
    pub json: Value,
}

/// One entry that only one side has, or two that stand beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub section: &'static str,
    /// `None`: at `until`.
    pub checkpoint: Option<Time>,
    pub line: Option<u32>,
    pub wanted: Option<String>,
    pub got: Option<String>,
}

/// Compares all sections that are named.
pub fn compare(want: &Want, got: &Got, checkpoint: Option<Time>, lang: Lang) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut section = |name, wanted: &Option<Vec<Node>>, got: &[Value]| {
        if let Some(wanted) = wanted {
            let got: Vec<(bool, &Value)> = got.iter().map(|g| (true, g)).collect();
            differences.extend(complete(name, wanted, &got, &entry_agrees).1);
        }
    };
    section("findings", &want.findings, &got.findings);
    section("cases", &want.cases, &got.cases);
    section("incidents", &want.incidents, &got.incidents);
    let ledger: Vec<Value> = match &want.ledger_of {
        Some(of) => got.ledger.iter().filter(|e| narrowed(of, e)).cloned().collect(),
        None => got.ledger.clone(),
    };
    section("ledger", &want.ledger, &ledger);
    section("refused", &want.refused, &got.refused);
    if let Some(wanted) = &want.letters {
        let got: Vec<(bool, &Value)> = got
            .letters
            .iter()
            .filter(|l| want.letters_of.as_ref().is_none_or(|of| narrowed(of, &l.json)))
            .map(|l| (l.accepted, &l.json))
            .collect();
        let (matched, found) = complete("letters", wanted, &got, &letter_agrees);
        if found.is_empty() {
            differences.extend(order(wanted, &got, &matched, lang));
        }
        differences.extend(found);
    }
    for d in &mut differences {
        d.checkpoint = checkpoint;
    }
    differences
}

/// Matches entries of both sides one to one, as many as possible; what is left over are differences. Entries of `got`
/// that are not `true` may stay unmatched, and match only what names their state.
fn complete(
    section: &'static str,
    wanted: &[Node],
    got: &[(bool, &Value)],
    agrees: &dyn Fn(&Node, &Value) -> bool,
) -> (Vec<Option<usize>>, Vec<Difference>) {
    let may: Vec<Vec<usize>> = wanted
        .iter()
        .map(|w| (0..got.len()).filter(|&g| (got[g].0 || w.get("state").is_some()) && agrees(w, got[g].1)).collect())
        .collect();
    let mut of_got: Vec<Option<usize>> = vec![None; got.len()];
    for w in 0..wanted.len() {
        augment(w, &may, &mut of_got, &mut vec![false; got.len()]);
    }
    let mut of_wanted = vec![None; wanted.len()];
    for (g, w) in of_got.iter().enumerate() {
        if let Some(w) = w {
            of_wanted[*w] = Some(g);
        }
    }
    let mut left: Vec<usize> = (0..got.len()).filter(|&g| of_got[g].is_none() && got[g].0).collect();
    let mut differences = Vec::new();
    for (w, _) in wanted.iter().zip(&of_wanted).filter(|(_, g)| g.is_none()) {
        // Beside each wanted entry stands the left-over one that is most like it.
        let like =
            |g: &usize| w.map().unwrap_or_default().iter().filter(|(k, v)| key_agrees(&k.name, v, got[*g].1)).count();
        let best = left.iter().enumerate().max_by_key(|(i, g)| (like(g), std::cmp::Reverse(*i)));
        let beside = best.filter(|(_, g)| like(g) > 0).map(|(i, _)| i).map(|i| left.remove(i));
        differences.push(Difference {
            section,
            checkpoint: None,
            line: Some(w.line),
            wanted: Some(written(w)),
            got: beside.map(|g| shown(w, got[g].1)),
        });
    }
    let nothing = Node { line: 0, column: 0, value: yaml::Value::Null };
    for g in left {
        let got = Some(shown(&nothing, got[g].1));
        differences.push(Difference { section, checkpoint: None, line: None, wanted: None, got });
    }
    (of_wanted, differences)
}

fn augment(w: usize, may: &[Vec<usize>], of_got: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for &g in &may[w] {
        if std::mem::replace(&mut seen[g], true) {
            continue;
        }
        if of_got[g].is_none_or(|other| augment(other, may, of_got, seen)) {
            of_got[g] = Some(w);
            return true;
        }
    }
    false
}

/// Letters stand in order of time, those of one minute in any order. Where every entry says its time, that is shown
/// already; else the entries of each minute must agree with the letters of that minute.
fn order(wanted: &[Node], got: &[(bool, &Value)], matched: &[Option<usize>], lang: Lang) -> Vec<Difference> {
    if wanted.iter().all(|w| w.get("at").is_some()) || matched.iter().flatten().any(|g| !got[*g].0) {
        return Vec::new();
    }
    let minute = |v: &Value| v.get("at").and_then(Value::as_str).map(|s| s.chars().take(16).collect::<String>());
    let mut sorted: Vec<(bool, &Value)> = got.iter().filter(|g| g.0).copied().collect();
    sorted.sort_by_key(|g| minute(g.1));
    let mut begin = 0;
    for group in sorted.chunk_by(|a, b| minute(a.1) == minute(b.1)) {
        let here = &wanted[begin..begin + group.len()];
        if !complete("letters", here, group, &letter_agrees).1.is_empty() {
            return vec![Difference {
                section: "letters",
                checkpoint: None,
                line: here.first().map(|w| w.line),
                wanted: Some(say::out_of_order(lang)),
                got: Some(group.iter().map(|g| shown(&here[0], g.1)).collect::<Vec<_>>().join("; ")),
            }];
        }
        begin += group.len();
    }
    Vec::new()
}

/// `letters_of:`, `ledger_of:`: each key names the value, or a list of values any of which will do.
fn narrowed(of: &Node, json: &Value) -> bool {
    of.map().unwrap_or_default().iter().all(|(key, value)| {
        let one = |v: &Node| match key.name.as_str() {
            "ladder" => contains(json.get("ladders"), v),
            "pupil" if json.get("pupils").is_some() => contains(json.get("pupils"), v),
            "rung" => contains(json.get("rungs"), v),
            name => key_agrees(name, v, json),
        };
        match value.list() {
            Some(list) => list.iter().any(one),
            None => one(value),
        }
    })
}

fn contains(list: Option<&Value>, wanted: &Node) -> bool {
    list.and_then(Value::as_array).is_some_and(|l| l.iter().any(|v| agrees(wanted, v)))
}

fn entry_agrees(wanted: &Node, got: &Value) -> bool {
    wanted.map().is_some_and(|m| m.iter().all(|(k, v)| key_agrees(&k.name, v, got)))
}

fn letter_agrees(wanted: &Node, got: &Value) -> bool {
    entry_agrees(wanted, got)
}

/// One key of an entry. What a key means for letters: `to` is the role, `pupil` and `rung` are exactly these,
/// `has` and `has_not` look into the words.
fn key_agrees(key: &str, wanted: &Node, got: &Value) -> bool {
    let is_letter = got.get("rungs").is_some();
    match key {
        "has" => each(wanted).all(|w| words(got).contains(w)),
        "has_not" => each(wanted).all(|w| !words(got).contains(w)),
        "to" if wanted.text().is_some() && got.pointer("/to/role").is_some() => agrees(wanted, &got["to"]["role"]),
        "name" | "address" if is_letter => got.get("to").and_then(|to| to.get(key)).is_some_and(|v| agrees(wanted, v)),
        "pupil" if is_letter => exactly(got.get("pupils"), wanted),
        "rung" if is_letter => exactly(got.get("rungs"), wanted),
        "pupil" | "class" | "school" if got.get("subject").is_some_and(Value::is_object) => {
            agrees(wanted, got["subject"].get(key).unwrap_or(&Value::Null))
        }
        // By kind of paper: numbers are the program's own.
        "documents" => {
            let of = |d: &Value| d.get("document").cloned().unwrap_or_default();
            let whole = |w: &Node| w.map().is_some();
            let kinds = got.get(key).and_then(Value::as_array).map(|l| l.iter().map(of).collect::<Vec<_>>());
            match wanted.list() {
                Some(list) if list.iter().any(whole) => agrees(wanted, got.get(key).unwrap_or(&Value::Null)),
                _ => agrees(wanted, &Value::Array(kinds.unwrap_or_default())),
            }
        }
        "subject" if got.get("incident").is_some() => is_subject(wanted, got),
        "ladder" if is_letter => contains(got.get("ladders"), wanted),
        // Which case it was has a number of its own; a story can only say that there was one.
        "relapse_of" if matches!(wanted.text(), Some("true" | "false")) => {
            got.get(key).is_some_and(|v| !v.is_null()) == (wanted.text() == Some("true"))
        }
        _ => agrees(wanted, got.get(key).unwrap_or(&Value::Null)),
    }
}

/// What an incident is about, as people call it: a case by its pupil, a class without its school, a role without its place.
fn is_subject(wanted: &Node, got: &Value) -> bool {
    let whole = got.get("subject").and_then(Value::as_str).unwrap_or_default();
    let role = whole.split_once('@').map(|(role, _)| role);
    let class = whole.split_once('/').map(|(_, class)| class);
    let pupil = got.get("pupil").and_then(Value::as_str);
    // What concerns the whole machine has no subject to people.
    if matches!(whole, "policy" | "machine") && (wanted.is_null() || wanted.text() == Some("–")) {
        return true;
    }
    [Some(whole), role, class, pupil].into_iter().flatten().any(|s| agrees(wanted, &Value::from(s)))
}

fn exactly(list: Option<&Value>, wanted: &Node) -> bool {
    match (list.and_then(Value::as_array).map(Vec::as_slice), wanted.is_null()) {
        (Some([]) | None, is_null) => is_null,
        (Some([one]), false) => agrees(wanted, one),
        _ => false,
    }
}

fn each(wanted: &Node) -> impl Iterator<Item = &str> {
    let list = wanted.list().unwrap_or(std::slice::from_ref(wanted));
    list.iter().filter_map(Node::text)
}

/// Everything that the reader of a letter, or of a refusal, sees.
fn words(got: &Value) -> String {
    let part = |k: &str| got.get(k).and_then(Value::as_str).unwrap_or_default();
    format!("{}\n{}\n{}", part("subject"), part("text"), part("message"))
}

/// A wanted value against one that was got: times to the precision that is written, lists whole in any order, maps by
/// the keys that are there.
fn agrees(wanted: &Node, got: &Value) -> bool {
    match (&wanted.value, got) {
        (yaml::Value::Null, Value::Null) => true,
        (yaml::Value::Text(w), Value::String(g)) => w == g || same_time(w, g),
        (yaml::Value::Text(w), Value::Number(n)) => *w == n.to_string(),
        (yaml::Value::Text(w), Value::Bool(b)) => *w == b.to_string(),
        (yaml::Value::Text(_), Value::Array(l)) => l.len() == 1 && agrees(wanted, &l[0]),
        (yaml::Value::List(w), Value::Array(g)) => {
            let got: Vec<(bool, &Value)> = g.iter().map(|v| (true, v)).collect();
            w.len() == g.len() && complete("", w, &got, &agrees).0.iter().all(Option::is_some)
        }
        (yaml::Value::Map(m), Value::Object(_)) => {
            m.iter().all(|(k, v)| agrees(v, got.get(&k.name).unwrap_or(&Value::Null)))
        }
        // An empty map or list stands for nothing.
        (yaml::Value::List(l), Value::Null) => l.is_empty(),
        _ => false,
    }
}

fn same_time(wanted: &str, got: &str) -> bool {
    let (Some((w, exact)), Some((g, of_got))) = (read_time(wanted), read_time(got)) else { return false };
    if of_got == Exact::Day && exact != Exact::Day {
        return false;
    }
    let format = match exact {
        Exact::Day => "%F",
        Exact::Minute => "%F %R",
        Exact::Second => "%F %T",
    };
    w.format(format).to_string() == g.format(format).to_string()
}

/// A wanted entry as it stands in the story, on one line.
fn written(node: &Node) -> String {
    match &node.value {
        yaml::Value::Null => "null".into(),
        yaml::Value::Text(s) => s.clone(),
        yaml::Value::List(l) => format!("[{}]", l.iter().map(written).collect::<Vec<_>>().join(", ")),
        yaml::Value::Map(m) => {
            m.iter().map(|(k, v)| format!("{}: {}", k.name, bracketed(v))).collect::<Vec<_>>().join(", ")
        }
    }
}

fn bracketed(node: &Node) -> String {
    if node.map().is_some() { format!("{{{}}}", written(node)) } else { written(node) }
}

/// What was got, with the keys of a wanted entry in its order, then what tells it apart.
fn shown(wanted: &Node, got: &Value) -> String {
    let asked: Vec<&str> = wanted.map().unwrap_or_default().iter().map(|(k, _)| k.name.as_str()).collect();
    let mut keys: Vec<&str> = asked.clone();
    let usual: &[&str] = if got.get("rungs").is_some() {
        &["at", "to", "pupil", "channel", "rung", "state"]
    } else if got.get("rule").is_some() {
        &["rule", "pupil", "class", "school", "fired_on", "last_on", "open"]
    } else if got.get("climbs").is_some() {
        &["pupil", "state", "level", "marks", "reason"]
    } else {
        &["kind", "subject", "opened", "closed", "at", "pupil", "event", "message"]
    };
    keys.extend(usual.iter().filter(|k| !asked.contains(k)));
    let mut parts = Vec::new();
    for key in keys {
        let value = match key {
            "has" | "has_not" | "text" => got.get("text").or(got.get("message")),
            "to" if got.pointer("/to/role").is_some() => got.pointer("/to/role"),
            "name" | "address" => got.get("to").and_then(|to| to.get(key)),
            "pupil" if got.get("pupils").is_some() => got.get("pupils"),
            "rung" => got.get("rungs"),
            "pupil" | "class" | "school" if got.get("subject").is_some_and(Value::is_object) => got["subject"].get(key),
            _ => got.get(key),
        };
        let part = value.map(|v| (if key.starts_with("has") { "text" } else { key }, plain(v)));
        parts.extend(part.filter(|p| !parts.contains(p) && (asked.contains(&p.0) || !p.1.is_empty())));
    }
    parts.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => match read_time(s) {
            Some((t, Exact::Second)) if s.contains('T') => {
                let whole = t.format("%S").to_string() == "00";
                t.format(if whole { "%F %R" } else { "%F %T" }).to_string()
            }
            _ => s.clone(),
        },
        Value::Null => "null".into(),
        Value::Array(l) if l.len() == 1 => plain(&l[0]),
        Value::Array(l) => format!("[{}]", l.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Object(m) => {
            format!("{{{}}}", m.iter().map(|(k, v)| format!("{k}: {}", plain(v))).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::problem::Eye;
    use serde_json::json;

    fn letter(at: &str, role: &str, pupils: &[&str], rungs: &[&str], text: &str) -> GotLetter {
        GotLetter {
            accepted: true,
            json: json!({"at": format!("2026-09-07T{at}+08:00"), "to": {"role": role}, "pupils": pupils, "rungs": rungs,
                "ladders": ["compulsory"], "channel": "sms", "text": text, "state": "delivered"}),
        }
    }

    fn got() -> Got {
        Got {
            letters: vec![
                letter("09:00:00", "homeroom", &["S1"], &["homeroom"], "张小雨 9月7日 未到校"),
                letter("09:30:30", "guardian", &["S1"], &["guardian-1"], "您的孩子张小雨"),
                letter("09:30:30", "principal", &["S1", "S2"], &["school"], "两名学生"),
            ],
            cases: vec![json!({"pupil": "S1", "state": "open", "level": 2, "marks": ["suspected"], "relapse_of": null,
                "climbs": [{"ladder": "compulsory", "sent": ["homeroom", "guardian-1"], "next": null}]})],
            findings: vec![json!({"rule": "absent-1d", "subject": {"school": "cs", "pupil": "S1"},
                "fired_on": "2026-09-07", "last_on": "2026-09-08", "open": true, "measure": {"days": 2},
                "evidence": ["2026-09-07", "2026-09-08"]})],
            incidents: vec![
                json!({"kind": "export_overdue", "subject": "roll", "opened": "2026-09-07T09:30:00+08:00", "closed": null}),
            ],
            ..Got::default()
        }
    }

    /// The number of differences.
    #[track_caller]
    fn check(want: &str, differences: usize) {
        let tree = yaml::parse(want).expect("is YAML");
        let mut eye = Eye::new(Lang::En);
        let want = Want::read(&mut eye, &tree, true);
        assert_eq!(eye.problems, []);
        let found = compare(&want, &got(), None, Lang::En);
        assert_eq!(found.len(), differences, "{found:#?}");
    }

    #[test]
    fn each_section_that_is_named_matches_completely() {
        check("letters: [{to: homeroom}, {to: guardian}, {to: principal}]", 0);
        check("letters: [{to: homeroom}, {to: principal}, {to: guardian}]", 0);
        check("letters: [{to: guardian}, {to: homeroom}, {to: principal}]", 1);
        check("letters: [{to: homeroom}, {to: guardian}]", 1);
        check("letters: [{to: homeroom}, {to: guardian}, {to: principal}, {to: principal}]", 1);
        check("letters: [{}, {}, {to: homeroom}]", 1);
        check("letters: []", 3);
        check("incidents: []", 1);
        check("refused: []", 0);
        check("{}", 0);
    }

    #[test]
    fn keys_left_out_are_not_compared_and_those_given_are() {
        check(
            "letters: [{at: '2026-09-07 09:00', to: homeroom, pupil: S1, has: [张小雨, 9月7日], has_not: 辍学}, {}, {}]",
            0,
        );
        check("letters: [{at: '2026-09-07 09:00', has_not: 张小雨}, {}, {}]", 1);
        check("letters: [{}, {at: '2026-09-07 09:30:30', rung: guardian-1}, {rungs: [school], pupils: [S2, S1]}]", 0);
        check("letters: [{}, {at: '2026-09-07 09:30:00', rung: guardian-1}, {}]", 2);
        check("letters: [{}, {}, {to: principal, pupil: S1}]", 1);
        check("cases: [{pupil: S1, state: open, level: 2, marks: [suspected], relapse_of: null}]", 0);
        check("cases: [{pupil: S1, climbs: [{ladder: compulsory, sent: [homeroom, guardian-1]}]}]", 0);
        check("cases: [{pupil: S1, climbs: [{ladder: compulsory, sent: [homeroom]}]}]", 1);
        check("cases: [{pupil: S1, level: 1}]", 1);
        check("findings: [{rule: absent-1d, pupil: S1, fired_on: 2026-09-07, measure: {days: 2}, open: true}]", 0);
        check("findings: [{pupil: S1, evidence: [2026-09-07]}]", 1);
        check("findings: [{pupil: S1, evidence: [2026-09-07, 2026-09-08]}]", 0);
        check("incidents: [{kind: export_overdue, opened: '2026-09-07 09:30', closed: null}]", 0);
        check("incidents: [{kind: export_overdue, opened: 2026-09-07}]", 0);
        check("incidents: [{kind: export_overdue, closed: '2026-09-07 09:30'}]", 1);
    }

    #[test]
    fn letters_of_narrows_what_is_looked_at() {
        check("letters_of: {to: guardian}\nletters: [{rung: guardian-1}]", 0);
        check("letters_of: {to: [guardian, homeroom]}\nletters: [{}, {}]", 0);
        check("letters_of: {pupil: S2}\nletters: [{to: principal}]", 0);
        check("letters_of: {ladder: operations}\nletters: []", 0);
    }

    #[test]
    fn a_letter_that_no_gateway_took_is_seen_only_by_its_state() {
        let mut got = got();
        let mut failed = letter("10:00:00", "guardian", &["S1"], &["guardian-1"], "");
        failed.accepted = false;
        failed.json["state"] = "failed".into();
        got.letters.push(failed);
        let differences = |want: &str| {
            let tree = yaml::parse(want).expect("is YAML");
            compare(&Want::read(&mut Eye::new(Lang::En), &tree, true), &got, None, Lang::En).len()
        };
        assert_eq!(differences("letters: [{}, {}, {}]"), 0);
        assert_eq!(differences("letters: [{}, {}, {}, {state: failed}]"), 0);
        assert_eq!(differences("letters: [{}, {}, {}, {to: guardian}]"), 1);
    }
}
