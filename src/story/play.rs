//! Plays a staged story in the virtual world and compares what it wants with what there was, at each checkpoint and at
//! its end.

use super::compare::{Difference, Got, GotLetter, compare};
use super::read::Story;
use super::stage::Staged;
use crate::clock::rfc3339;
use crate::domain::Time;
use crate::domain::ids::LetterId;
use crate::domain::message::Lang;
use crate::drive::world::{Broken, Steps, World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What the store holds at one instant, in the forms of interface.md §3 with student numbers.
#[derive(Debug, Default)]
pub struct Seen {
    pub findings: Vec<Value>,
    pub letters: Vec<(LetterId, Value)>,
    pub cases: Vec<Value>,
    pub incidents: Vec<Value>,
    pub ledger: Vec<Value>,
}

/// Plays to the end; `look` reads what there is.
pub fn play<S: Steps>(
    story: &Story,
    staged: &Staged,
    steps: S,
    lang: Lang,
    look: impl Fn(&mut S, Time) -> Result<Seen, Broken>,
) -> Result<Vec<Difference>, Broken> {
    let zone = staged.policy.township.zone;
    let mut world = World::new(steps, staged.start, staged.script.clone());
    let mut differences = Vec::new();
    let mut checkpoints: Vec<_> = story.want.checkpoints.iter().filter(|c| c.0 <= story.until).collect();
    checkpoints.sort_by_key(|c| c.0);
    for (at, want) in checkpoints {
        world.play(*at)?;
        let seen = look(&mut world.steps, *at)?;
        differences.extend(compare(want, &got(&world, seen, zone), Some(*at), lang));
    }
    world.play(story.until)?;
    let seen = look(&mut world.steps, story.until)?;
    differences.extend(compare(&story.want, &got(&world, seen, zone), None, lang));
    Ok(differences)
}

/// A letter counts as often as a gateway accepted it, at the instant and with the words of that time.
fn got<S: Steps>(world: &World<S>, seen: Seen, zone: chrono_tz::Tz) -> Got {
    let stored: BTreeMap<LetterId, &Value> = seen.letters.iter().map(|(id, json)| (*id, json)).collect();
    let mut sent: Vec<_> = world.sent.iter().filter(|s| s.at <= world.now()).collect();
    sent.sort_by_key(|s| s.at);
    let mut letters = Vec::new();
    for s in &sent {
        let mut json = stored.get(&s.letter).map_or_else(|| json!({"rungs": [], "pupils": []}), |v| (*v).clone());
        json["at"] = rfc3339(s.at, zone).into();
        json["channel"] = s.channel.as_str().into();
        json["to"] = json!({"role": s.role.as_str(), "name": s.name, "address": s.address});
        json["subject"] = s.subject.clone().into();
        json["text"] = s.text.clone().into();
        letters.push(GotLetter { accepted: true, json });
    }
    let accepted: BTreeSet<LetterId> = sent.iter().map(|s| s.letter).collect();
    let others = seen.letters.iter().filter(|(id, _)| !accepted.contains(id));
    letters.extend(others.map(|(_, json)| GotLetter { accepted: false, json: json.clone() }));
    let refused = world.refused.iter().map(|r| json!({"at": rfc3339(r.at, zone), "message": r.message})).collect();
    Got { findings: seen.findings, letters, cases: seen.cases, incidents: seen.incidents, ledger: seen.ledger, refused }
}

/// The days of the pupils that the differences name; of all where they name none.
pub fn strips(staged: &Staged, differences: &[Difference]) -> Vec<(String, Vec<(crate::domain::Date, String)>)> {
    let named = |no: &str| {
        let word = |s: &Option<String>| {
            s.as_deref().is_some_and(|s| s.split(|c: char| !c.is_alphanumeric() && c != '-').any(|w| w == no))
        };
        differences.iter().any(|d| word(&d.wanted) || word(&d.got))
    };
    let all = staged.strips.iter().map(|(no, days)| (no.clone(), days.clone()));
    let some: Vec<_> = all.clone().filter(|(no, _)| named(no)).collect();
    if some.is_empty() { all.take(6).collect() } else { some }
}
