//! Cross-checks: what single sections cannot see (interface.md §1, last paragraph). Where something would merely never
//! happen it is a warning; where somebody would not be told in live mode, an error.

use super::{Bench, rule};
use crate::config::problem::{Pos, did_you_mean, nearest, say};
use crate::config::raw;
use crate::config::read::At;
use crate::domain::ids::Role;
use crate::domain::policy::{
    AddressKind, Anchor, Channel, ChannelKind, Content, Ladder, Mode, Office, Person, Policy, Rung, School,
};
use crate::domain::rule::ast::{Amount, Cond, Rule, SubjectKind};

pub fn check(root: &raw::Root, policy: &Policy, b: &mut Bench) {
    required(root, policy, b);
    sources(root, policy, b);
    let rules = root.rules.get().map(Vec::as_slice).unwrap_or_default();
    for raw in rules {
        if let Some(rule) = raw.id.get().and_then(|id| policy.rules.iter().find(|r| r.id == id.as_str())) {
            rule_fits(raw, rule, policy, b);
        }
    }
    let ladders = root.ladders.get().map(Vec::as_slice).unwrap_or_default();
    for raw in ladders {
        if let Some(ladder) = raw.id.get().and_then(|id| policy.ladders.iter().find(|l| l.id == id.as_str())) {
            ladder_fits(raw, ladder, policy, b);
        }
    }
    if let Some(hours) = root.contacts.get().and_then(|c| c.hours.get()) {
        let known = roles(policy);
        for (key, _) in &hours.0 {
            if key.text != "office" && !known.contains(&key.text.as_str()) {
                b.warn(key.pos, say!(unknown_role, key.text), did_you_mean(&key.text, &known));
            }
        }
    }
}

fn required(root: &raw::Root, policy: &Policy, b: &mut Bench) {
    let given = |l: &raw::Ladder| l.id.get().is_some_and(|id| id == "operations");
    if !root.ladders.get().is_some_and(|l| l.iter().any(|l| given(l))) {
        let pos = if root.ladders.given { root.ladders.pos } else { root.pos };
        b.warn(pos, say!(no_operations), Some(say!(hint_no_operations)));
    }
    if !policy.contacts.offices.contains_key("operator") {
        let offices = root.contacts.get().filter(|c| c.offices.given).map(|c| c.offices.pos);
        b.warn(offices.unwrap_or(root.pos), say!(no_operator), Some(say!(hint_no_operator)));
    }
    if policy.mode == Mode::Rehearsal && !policy.channels.iter().any(|c| matches!(c.kind, ChannelKind::Folder { .. })) {
        b.error(root.channels.pos, say!(no_folder), Some(say!(hint_no_folder)));
    }
}

fn sources(root: &raw::Root, policy: &Policy, b: &mut Bench) {
    let raws = root.sources.get().map(Vec::as_slice).unwrap_or_default();
    // A source with a mistake in it is a source.
    let named = |s: &At<raw::Source>, id: &str| match s.school.get() {
        Some(raw::SchoolOrColumn::School(name)) => name == id,
        Some(raw::SchoolOrColumn::Column(_)) => true,
        None => false,
    };
    let attendance = |s: &At<raw::Source>| matches!(s.content.get(), Some(raw::ContentWord::Attendance) | None);
    for raw in root.schools.get().map(Vec::as_slice).unwrap_or_default() {
        let Some(id) = raw.id.get() else { continue };
        if !raws.iter().any(|s| attendance(s) && named(s, id)) {
            b.warn(raw.id.pos, say!(school_without_source, id), Some(say!(hint_school_without_source, id)));
        }
    }
    for (i, s) in policy.sources.iter().enumerate() {
        let crate::domain::policy::SourceKind::Directory { path, matching } = &s.kind;
        let same = policy.sources[..i].iter().find(|o| {
            let crate::domain::policy::SourceKind::Directory { path: other, matching: m } = &o.kind;
            other == path && m == matching
        });
        if let Some(other) = same {
            let pos =
                raws.iter().find(|r| r.id.get().is_some_and(|id| s.id == id.as_str())).map_or(root.pos, |r| r.path.pos);
            b.error(pos, say!(folder_twice, other.id), Some(say!(hint_folder_twice)));
        }
    }
    let register = |c: &At<raw::Source>| matches!(c.content.get(), Some(raw::ContentWord::Register));
    if !raws.is_empty() && policy.sources.iter().any(|s| s.content == Content::Attendance) && !raws.iter().any(register)
    {
        b.p.note(root.sources.pos, say!(no_register), None);
    }
}

// ---------------------------------------------------------------- rules

fn rule_fits(raw: &At<raw::Rule>, rule: &Rule, policy: &Policy, b: &mut Bench) {
    let reached: Vec<&School> = policy.schools.iter().filter(|s| rule::reaches(&rule.filter, s)).collect();
    if reached.is_empty() && !policy.schools.is_empty() {
        b.warn(raw.r#where.pos, say!(rule_reaches_nobody, rule.id), None);
    }
    let pos = raw.when.pos;
    let mut needs = Needs::default();
    needs.look(&rule.when);
    if matches!(rule.day, crate::domain::rule::ast::DayTest::Lessons(_)) {
        needs.lessons = true;
    }
    for school in &reached {
        if needs.lessons && !school.timetable {
            b.error(pos, say!(rule_needs_periods, rule.id, school.id), Some(say!(hint_rule_needs_periods)));
        } else if needs.sessions && school.sessions.is_empty() {
            b.error(pos, say!(rule_needs_sessions, rule.id, school.id), Some(say!(hint_rule_needs_sessions)));
        }
        for slot in &needs.slots {
            let has = slot == "day"
                || school.slots.iter().any(|s| s.id == slot.as_str())
                || school.periods.iter().any(|p| p.id == slot.as_str());
            if !has {
                b.error(pos, say!(rule_needs_slot, rule.id, slot, school.id), Some(say!(hint_rule_needs_periods)));
            }
        }
    }
    if rule.subject == SubjectKind::Pupil && rule.ladder.is_none() && rule.level >= policy.ledger_from {
        b.p.note(raw.id.pos, say!(rule_without_ladder, rule.id), None);
    }
}

#[derive(Default)]
struct Needs {
    lessons: bool,
    sessions: bool,
    slots: Vec<String>,
}

impl Needs {
    fn look(&mut self, cond: &Cond) {
        match cond {
            Cond::Consecutive { counting, amount, .. } | Cond::Total { counting, amount, .. } => {
                self.slots.extend(counting.slots.iter().cloned());
                self.lessons |= matches!(amount, Amount::Lessons(_) | Amount::Hours(_));
                self.lessons |= matches!(counting.day, Some(crate::domain::rule::ast::DayTest::Lessons(_)));
                self.sessions |= matches!(amount, Amount::Sessions(_));
            }
            Cond::Rate { counting, .. } | Cond::Weekday { counting, .. } | Cond::Cluster { counting, .. } => {
                self.slots.extend(counting.slots.iter().cloned());
                self.lessons |= matches!(counting.day, Some(crate::domain::rule::ast::DayTest::Lessons(_)));
            }
            Cond::All(list) | Cond::Any(list) => list.iter().for_each(|c| self.look(c)),
            Cond::Not(c) => self.look(c),
            Cond::CorrectedLate { .. } => self.lessons = true,
            _ => {}
        }
    }
}

// ---------------------------------------------------------------- ladders

/// Every role that somebody can have.
fn roles(policy: &Policy) -> Vec<&str> {
    let mut out = vec!["guardian", "homeroom", "home_township"];
    out.extend(policy.contacts.offices.keys().map(Role::as_str));
    out.extend(policy.schools.iter().flat_map(|s| s.contacts.keys().map(Role::as_str)));
    out.sort_unstable();
    out.dedup();
    out
}

fn ladder_fits(raw: &At<raw::Ladder>, ladder: &Ladder, policy: &Policy, b: &mut Bench) {
    let users: Vec<&Rule> = policy.rules.iter().filter(|r| r.ladder.as_ref() == Some(&ladder.id)).collect();
    let operations = ladder.id == "operations";
    let reached: Vec<&School> =
        policy.schools.iter().filter(|s| operations || users.iter().any(|r| rule::reaches(&r.filter, s))).collect();
    if users.is_empty() && !operations && !policy.rules.is_empty() {
        b.p.note(raw.id.pos, say!(ladder_unused, ladder.id), None);
    }
    let highest = users.iter().map(|r| r.level).chain(ladder.again.map(|a| a.level)).max();
    let known = roles(policy);
    for raw in raw.rungs.get().map(Vec::as_slice).unwrap_or_default() {
        let Some(rung) = raw.id.get().and_then(|id| ladder.rungs.iter().find(|r| r.id == id.as_str())) else {
            continue;
        };
        channels_exist(raw, policy, b);
        let strangers = unknown_roles(raw, &known, b);
        for school in &reached {
            if !strangers && !rung.to.iter().any(|role| can_be_reached(role, rung, school, policy)) {
                b.warn(raw.to.pos, say!(nobody_to_reach, rung.id, school.id), Some(say!(hint_nobody_to_reach)));
            }
        }
        if let Some(name) = raw.template.get()
            && !policy.templates.by_id.contains_key(name)
            && is_near_template(name, policy)
        {
            let names: Vec<&str> = policy.templates.by_id.keys().map(String::as_str).collect();
            b.warn(raw.template.pos, say!(unknown_template, name), did_you_mean(name, &names));
        }
        if !users.is_empty() {
            unreachable(&rung.at.anchor, raw.at.pos, rung.id.as_str(), highest, ladder, b);
        }
    }
    if !users.is_empty() {
        let marks = raw.marks.get().map(Vec::as_slice).unwrap_or_default();
        for (rule, raw) in ladder.marks.iter().zip(marks) {
            unreachable(&rule.at.anchor, raw.at.pos, rule.mark.as_str(), highest, ladder, b);
        }
    }
    if let Some(by) = raw.acknowledge.get().and_then(|a| a.by.get()) {
        for role in &by.0 {
            if !known.contains(&role.value.as_str()) {
                stranger(role, &known, b);
            }
        }
    }
}

/// A template that is not there has a default; only a likely slip of one that is there is worth a word.
fn is_near_template(name: &str, policy: &Policy) -> bool {
    nearest(name, policy.templates.by_id.keys().map(String::as_str)).is_some()
}

fn channels_exist(raw: &At<raw::Rung>, policy: &Policy, b: &mut Bench) {
    // In rehearsal everything goes to the folder.
    if policy.mode == Mode::Rehearsal {
        return;
    }
    for via in raw.via.get().map(|m| m.0.as_slice()).unwrap_or_default() {
        if policy.channel(&via.value.as_str().into()).is_none() {
            let ids: Vec<&str> = policy.channels.iter().map(|c| c.id.as_str()).collect();
            b.error(via.pos, say!(unknown_channel, via.value), did_you_mean(&via.value, &ids));
        }
    }
}

/// Reports roles that nobody has; says whether all of the rung's are such.
fn unknown_roles(raw: &At<raw::Rung>, known: &[&str], b: &mut Bench) -> bool {
    let to = raw.to.get().map(|m| m.0.as_slice()).unwrap_or_default();
    let strangers: Vec<&At<String>> = to.iter().filter(|r| !known.contains(&r.value.as_str())).collect();
    for role in &strangers {
        // The rung still reaches somebody, and the word is no slip of the pen: an office that is yet to be named.
        if strangers.len() < to.len() && nearest(&role.value, known.iter().copied()).is_none() {
            b.p.note(role.pos, say!(unknown_role, role.value), Some(say!(hint_unknown_role, role.value)));
        } else {
            stranger(role, known, b);
        }
    }
    !strangers.is_empty() && strangers.len() == to.len()
}

fn stranger(role: &At<String>, known: &[&str], b: &mut Bench) {
    let hint = match nearest(&role.value, known.iter().copied()) {
        Some(near) => say!(hint_did_you_mean, near),
        None => say!(hint_unknown_role, role.value),
    };
    b.warn(role.pos, say!(unknown_role, role.value), Some(hint));
}

fn can_be_reached(role: &Role, rung: &Rung, school: &School, policy: &Policy) -> bool {
    let channels: Vec<Option<&Channel>> = rung.via.iter().map(|id| policy.channel(id)).collect();
    let person = |p: &Person| {
        channels.iter().any(|c| match c.map(Channel::address_kind) {
            Some(AddressKind::Phone) => p.phone.is_some(),
            Some(AddressKind::Email) => p.email.is_some(),
            // A channel that is not configured has been reported; in rehearsal it is the folder.
            Some(AddressKind::Any) | None => true,
        })
    };
    let office = |o: &Office| o.people.iter().any(person);
    match role.as_str() {
        // Whom the register names is not the configuration's business.
        "guardian" => true,
        "homeroom" => school.homerooms.values().any(person) || school.contacts.get("homeroom").is_some_and(person),
        "home_township" => {
            policy.contacts.home_townships.values().any(|h| office(&h.office))
                || policy.contacts.offices.get("township_government").is_some_and(office)
        }
        other => {
            school.contacts.get(other).is_some_and(person) || policy.contacts.offices.get(other).is_some_and(office)
        }
    }
}

fn unreachable(anchor: &Anchor, pos: Pos, name: &str, highest: Option<u8>, ladder: &Ladder, b: &mut Bench) {
    match anchor {
        Anchor::Level(n) if highest.is_some_and(|h| h < *n) => {
            b.warn(pos, say!(level_unreachable, name, n), Some(say!(hint_level_unreachable, n)));
        }
        Anchor::Served(word) if !ladder.rungs.iter().any(|r| r.document.as_ref() == Some(word)) => {
            b.warn(pos, say!(served_unreachable, name, word), Some(say!(hint_served_unreachable, word)));
        }
        _ => {}
    }
}
