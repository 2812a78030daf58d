//! Ladders: rungs and when they are due, marks, repeats, watches and acknowledgements; each with the hash of its text.

use super::{Bench, at_least_one, id, level, need_at_least_one, seconds, status, version};
use crate::config::problem::{Pos, did_you_mean, say};
use crate::config::raw;
use crate::config::read::{At, Many, Opt};
use crate::domain::ids::{ChannelId, LadderId, Role, RungId, Word};
use crate::domain::message::Text;
use crate::domain::policy::{
    Acknowledge, ActWords, After, Again, Anchor, Due, Ladder, MarkRule, Repeat, Rung, Status, Unless, Watch,
};

/// What a rung's notice is called outside rungs (cases.md §3): no rung may have these names.
const TELLINGS: [&str; 10] =
    ["returned", "relapsed", "corrected", "mended", "held", "unconfirmed", "weakened", "reply", "digest", "morning"];

struct Known<'a> {
    rungs: Vec<&'a str>,
    marks: Vec<&'a str>,
    kinds: Vec<&'a str>,
    results: Vec<&'a str>,
}

pub fn ladders(list: &[At<raw::Ladder>], statuses: &[Status], acts: &ActWords, b: &mut Bench) -> Vec<Ladder> {
    let mut taken = Vec::new();
    let mut out = Vec::new();
    for raw in list {
        let id = id(&raw.id, &mut taken, b).map(str::to_string);
        let ladder = ladder(raw, id.as_deref().unwrap_or(""), statuses, acts, b);
        // A ladder with a mistake in it keeps its name: rules that point to it are no second mistake.
        if id.is_some() {
            out.push(ladder);
        }
    }
    out
}

fn ladder(raw: &raw::Ladder, id: &str, statuses: &[Status], acts: &ActWords, b: &mut Bench) -> Ladder {
    let rungs = raw.rungs.need(b.p, "rungs").map(Vec::as_slice).unwrap_or_default();
    if rungs.is_empty() && raw.rungs.get().is_some() {
        b.error(raw.rungs.pos, say!(no_rungs), Some(say!(hint_no_rungs)));
    }
    let marks = raw.marks.get().map(Vec::as_slice).unwrap_or_default();
    let known = Known {
        rungs: rungs.iter().filter_map(|r| r.id.get().map(String::as_str)).collect(),
        marks: marks.iter().filter_map(|m| m.mark.get().map(|w| mark_word(*w))).collect(),
        kinds: acts.kinds.keys().map(Word::as_str).collect(),
        results: acts.results.keys().map(Word::as_str).collect(),
    };
    let mut taken = Vec::new();
    let rungs: Vec<Rung> = rungs.iter().filter_map(|r| rung(r, &known, &mut taken, b)).collect();
    report_circles(&rungs, raw, b);
    let mut seen: Vec<&str> = Vec::new();
    let mut out_marks = Vec::new();
    for m in marks {
        let Some(word) = m.mark.need(b.p, "mark").map(|w| mark_word(*w)) else { continue };
        if seen.contains(&word) {
            b.error(m.mark.pos, say!(id_twice, word), Some(say!(hint_id_twice)));
        }
        seen.push(word);
        if let Some(at) = m.at.need(b.p, "at").and_then(|d| due(d, &known, b)) {
            if at.anchor == Anchor::Mark(Word::new(word)) {
                b.error(m.at.pos, say!(waits_for_itself, word), Some(say!(hint_waits)));
            }
            out_marks.push(MarkRule { mark: Word::new(word), at });
        }
    }
    let watch = watch(raw, statuses, b);
    let mut ladder = Ladder {
        id: LadderId::new(id),
        // Without a title its id is its name.
        title: raw.title.get().map_or_else(|| Text::both(id), |w| w.0.clone()),
        rungs,
        marks: out_marks,
        repeat: raw.repeat.get().and_then(|r| repeat(r, &known, b)),
        gap_min_s: seconds(&raw.gap_min, 0, b).unwrap_or(7200),
        return_days: raw.r#return.get().and_then(|r| at_least_one(&r.days, b)).unwrap_or(1),
        watch,
        acknowledge: raw.acknowledge.get().and_then(|a| acknowledge(a, b)),
        urgent: raw.urgent.get().copied().unwrap_or(false),
        again: raw.again.get().and_then(|a| {
            let cases = need_at_least_one(&a.cases, "cases", b);
            a.level.need(b.p, "level");
            Some(Again { cases: cases?, level: level(&a.level, b)? })
        }),
        hash: String::new(),
    };
    ladder.hash = version(&ladder);
    ladder
}

fn mark_word(word: raw::MarkWord) -> &'static str {
    match word {
        raw::MarkWord::Suspected => "suspected",
        raw::MarkWord::Dropout => "dropout",
    }
}

fn rung(raw: &At<raw::Rung>, known: &Known, taken: &mut Vec<String>, b: &mut Bench) -> Option<Rung> {
    let id = id(&raw.id, taken, b).map(str::to_string);
    if let Some(name) = &id
        && TELLINGS.contains(&name.as_str())
    {
        b.error(raw.id.pos, say!(rung_id_taken, name), Some(say!(hint_rung_id_taken)));
    }
    let at = raw.at.need(b.p, "at").and_then(|d| due(d, known, b));
    if let (Some(id), Some(Due { anchor: Anchor::Rung(other), .. })) = (&id, &at)
        && other.as_str() == id
    {
        b.error(raw.at.pos, say!(waits_for_itself, id), Some(say!(hint_waits)));
    }
    let list = |field: &Opt<Many<String>>, key: &str, b: &mut Bench| -> Option<Vec<String>> {
        let many = field.need(b.p, key)?;
        if many.0.is_empty() {
            b.error(field.pos, say!(empty_list), Some(say!(hint_empty_list)));
        }
        let mut out: Vec<String> = Vec::new();
        for item in &many.0 {
            if out.contains(&item.value) {
                b.error(item.pos, say!(id_twice, item.value), Some(say!(hint_id_twice)));
            } else {
                out.push(item.value.clone());
            }
        }
        Some(out)
    };
    let to = list(&raw.to, "to", b);
    let via = list(&raw.via, "via", b);
    let statutory = raw.statutory.get().copied().unwrap_or(false);
    if statutory && raw.unless.get().is_some_and(|u| !u.is_empty()) {
        b.error(raw.unless.pos, say!(unless_on_statutory), Some(say!(hint_unless_on_statutory)));
    }
    let unless = raw.unless.get().map(Vec::as_slice).unwrap_or_default();
    let unless: Vec<Unless> = unless.iter().filter_map(|u| one_unless(u, known, b)).collect();
    if let Some(word) = raw.document.get() {
        document(word, raw.document.pos, b);
        if to.iter().flatten().any(|role| role == "guardian") {
            b.warn(raw.document.pos, say!(document_to_guardian, word), Some(say!(hint_document_to_guardian)));
        }
    }
    Some(Rung {
        id: RungId::new(id?),
        at: at?,
        to: to?.iter().map(Role::new).collect(),
        via: via?.iter().map(ChannelId::new).collect(),
        template: raw.template.get().cloned(),
        unless,
        document: raw.document.get().map(Word::new),
        statutory,
    })
}

fn document(word: &str, pos: Pos, b: &mut Bench) {
    if !super::is_id(word) {
        b.error(pos, say!(bad_id, word), Some(say!(hint_id)));
    }
}

fn one_unless(raw: &At<raw::UnlessValue>, known: &Known, b: &mut Bench) -> Option<Unless> {
    match &raw.value {
        raw::UnlessValue::Word(word) if word == "acknowledged" => Some(Unless::Acknowledged),
        raw::UnlessValue::Word(word) => {
            b.error(raw.pos, say!(unknown_word, word), Some(say!(hint_unless)));
            None
        }
        raw::UnlessValue::Act(map) => {
            let kind = map.act.need(b.p, "act").cloned()?;
            let good = among(&kind, map.act.pos, &known.kinds, b);
            let result = map.result.get().cloned();
            let result_good = result.as_ref().is_none_or(|r| among(r, map.result.pos, &known.results, b));
            (good && result_good).then(|| Unless::Act { kind: Word::new(kind), result: result.map(Word::new) })
        }
    }
}

fn among(word: &str, pos: Pos, known: &[&str], b: &mut Bench) -> bool {
    super::known(&At { pos, value: word.to_string() }, known, b)
}

fn due(raw: &raw::Due, known: &Known, b: &mut Bench) -> Option<Due> {
    let anchors = [
        ("level", raw.level.given, raw.level.pos),
        ("act", raw.act.given, raw.act.pos),
        ("served", raw.served.given, raw.served.pos),
        ("mark", raw.mark.given, raw.mark.pos),
        ("rung", raw.rung.given, raw.rung.pos),
    ];
    let given: Vec<_> = anchors.iter().filter(|(_, g, _)| *g).collect();
    if let [_, (_, _, second), ..] = given.as_slice() {
        b.error(*second, say!(only_one_of, "level, act, served, mark, rung"), Some(say!(hint_only_one)));
        return None;
    }
    if given.is_empty() && !raw.after.given {
        b.error(raw.pos, say!(need_one_of, "after, level, act, served, mark, rung"), Some(say!(hint_due)));
        return None;
    }
    let anchor = if raw.level.given {
        Anchor::Level(level(&raw.level, b)?)
    } else if let Some(kind) = raw.act.get() {
        if !among(kind, raw.act.pos, &known.kinds, b) {
            return None;
        }
        Anchor::Act(Word::new(kind))
    } else if let Some(word) = raw.served.get() {
        document(word, raw.served.pos, b);
        Anchor::Served(Word::new(word))
    } else if let Some(word) = raw.mark.get() {
        if !known.marks.contains(&word.as_str()) {
            b.error(raw.mark.pos, say!(unknown_mark, word), did_you_mean(word, &known.marks));
            return None;
        }
        Anchor::Mark(Word::new(word))
    } else if let Some(word) = raw.rung.get() {
        if !known.rungs.contains(&word.as_str()) {
            b.error(raw.rung.pos, say!(unknown_rung, word), did_you_mean(word, &known.rungs));
            return None;
        }
        Anchor::Rung(RungId::new(word))
    } else if given.is_empty() {
        Anchor::Start
    } else {
        return None;
    };
    let after = if raw.after.given { after(raw.after.get()?, b)? } else { After::Seconds(0) };
    Some(Due { anchor, after, time: raw.time.get().map(|t| t.0) })
}

fn after(raw: &raw::AfterValue, b: &mut Bench) -> Option<After> {
    let map = match raw {
        raw::AfterValue::Duration(d) => return Some(After::Seconds(d.0)),
        raw::AfterValue::Map(map) => map,
    };
    type Make = fn(u32) -> After;
    let fields: [(&Opt<u32>, Make); 4] = [
        (&map.school_days, After::SchoolDays),
        (&map.working_days, After::WorkingDays),
        (&map.calendar_days, After::CalendarDays),
        (&map.months, After::Months),
    ];
    let given: Vec<_> = fields.iter().filter(|(f, _)| f.given).collect();
    let words = raw::AfterMap::names().join(", ");
    match given.as_slice() {
        [(field, make)] => field.get().map(|n| make(*n)),
        [] => {
            b.error(map.pos, say!(need_one_of, words), Some(say!(hint_after)));
            None
        }
        [_, (second, _), ..] => {
            b.error(second.pos, say!(only_one_of, words), Some(say!(hint_only_one)));
            None
        }
    }
}

/// A length of time that is not nothing.
fn length(field: &Opt<raw::AfterValue>, key: &str, b: &mut Bench) -> Option<After> {
    let found = after(field.need(b.p, key)?, b)?;
    let nothing = matches!(
        found,
        After::Seconds(0) | After::SchoolDays(0) | After::WorkingDays(0) | After::CalendarDays(0) | After::Months(0)
    );
    if nothing {
        b.error(field.pos, say!(not_zero), Some(say!(hint_after)));
    }
    (!nothing).then_some(found)
}

fn repeat(raw: &raw::Repeat, known: &Known, b: &mut Bench) -> Option<Repeat> {
    let rung = raw.rung.need(b.p, "rung").cloned();
    if let Some(name) = &rung
        && !known.rungs.contains(&name.as_str())
    {
        b.error(raw.rung.pos, say!(unknown_rung, name), did_you_mean(name, &known.rungs));
    }
    let every = length(&raw.every, "every", b);
    let times = need_at_least_one(&raw.times, "times", b);
    Some(Repeat { rung: RungId::new(rung?), every: every?, times: times? })
}

fn watch(raw: &raw::Ladder, statuses: &[Status], b: &mut Bench) -> Watch {
    let watch = raw.watch.get();
    let school_days = watch.and_then(|w| at_least_one(&w.school_days, b)).unwrap_or(20);
    let relapse = watch.and_then(|w| w.relapse.get());
    let of = relapse
        .and_then(|r| r.of.get().map(|of| (of, r.of.pos)))
        .and_then(|(of, pos)| status::of(of, pos, statuses, b));
    let relapse_of = of.or_else(|| {
        let pos = raw.pos;
        let set = raw::OfValue::List(Many(vec![At { pos, value: "unexcused".into() }]));
        status::of(&set, pos, statuses, b)
    });
    Watch {
        school_days,
        relapse_of: relapse_of.expect("`unexcused` is a built-in set"),
        relapse_days: relapse.and_then(|r| at_least_one(&r.days, b)).unwrap_or(1),
    }
}

fn acknowledge(raw: &raw::Acknowledge, b: &mut Bench) -> Option<Acknowledge> {
    let holds = length(&raw.holds, "holds", b);
    let by = raw.by.get().map(|m| m.0.as_slice()).unwrap_or_default();
    Some(Acknowledge { holds: holds?, by: by.iter().map(|r| Role::new(&r.value)).collect() })
}

/// Rungs that wait for each other are never due; each circle is told once, at its first rung.
fn report_circles(rungs: &[Rung], raw: &raw::Ladder, b: &mut Bench) {
    let mut told: Vec<&RungId> = Vec::new();
    for rung in rungs {
        let mut circle = vec![&rung.id];
        let mut at = rung;
        while let Anchor::Rung(next) = &at.at.anchor {
            if next == &rung.id {
                // A rung that names itself has been reported where it stands.
                if circle.len() > 1 && !told.contains(&next) {
                    let raws = raw.rungs.get().map(Vec::as_slice).unwrap_or_default();
                    let first = raws.iter().find(|r| r.id.get().is_some_and(|i| rung.id == i.as_str()));
                    b.error(
                        first.map_or(raw.pos, |r| r.at.pos),
                        say!(waits_for_itself, rung.id),
                        Some(say!(hint_waits)),
                    );
                    told.extend(circle);
                }
                break;
            }
            let Some(found) = rungs.iter().find(|r| &r.id == next) else { break };
            if circle.contains(&&found.id) {
                break;
            }
            circle.push(&found.id);
            at = found;
        }
    }
}
