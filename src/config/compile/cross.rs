//! Cross-checks: what single sections cannot see (interface.md §1, last paragraph). Where something would merely never
//! happen it is a warning; where somebody would not be told in live mode, an error.

use super::{Bench, rule};
use crate::config::leaf::Number;
use crate::config::problem::{Pos, did_you_mean, nearest, say};
use crate::config::raw;
use crate::config::read::{At, Many, Opt};
use crate::domain::ids::Role;
use crate::domain::policy::{
    AddressKind, Anchor, Channel, ChannelKind, Content, Ladder, Mode, Office, Person, Policy, Rung, School, Stage,
};
use crate::domain::rule::ast::{Rule, SubjectKind};

/// Sections with an error in them: what is missing there may only be unreadable, and is not told twice.
struct Broken(Vec<&'static str>);

impl Broken {
    fn of(root: &raw::Root, b: &Bench) -> Broken {
        let sections = [
            ("township", root.township.given, root.township.pos),
            ("calendar", root.calendar.given, root.calendar.pos),
            ("schools", root.schools.given, root.schools.pos),
            ("sources", root.sources.given, root.sources.pos),
            ("rules", root.rules.given, root.rules.pos),
            ("ladders", root.ladders.given, root.ladders.pos),
            ("contacts", root.contacts.given, root.contacts.pos),
            ("channels", root.channels.given, root.channels.pos),
            ("templates", root.templates.given, root.templates.pos),
        ];
        let mut out: Vec<&'static str> = Vec::new();
        for place in b.p.error_places() {
            let inside = sections.iter().filter(|(_, given, pos)| *given && pos.file == place.file && *pos <= place);
            match inside.max_by_key(|(_, _, pos)| *pos) {
                Some((name, ..)) => out.push(name),
                // The key of a section itself.
                None => out.extend(sections.iter().filter(|s| !s.1).map(|(name, ..)| *name)),
            }
        }
        Broken(out)
    }
    fn any(&self, names: &[&str]) -> bool {
        self.0.iter().any(|n| names.contains(n))
    }
}

pub fn check(root: &raw::Root, policy: &Policy, b: &mut Bench) {
    let broken = Broken::of(root, b);
    required(root, policy, &broken, b);
    sources(root, policy, &broken, b);
    let rules = root.rules.get().map(Vec::as_slice).unwrap_or_default();
    for raw in rules {
        if let Some(rule) = raw.id.get().and_then(|id| policy.rules.iter().find(|r| r.id == id.as_str())) {
            rule_fits(raw, rule, policy, b);
        }
    }
    let ladders = root.ladders.get().map(Vec::as_slice).unwrap_or_default();
    for raw in ladders {
        if let Some(ladder) = raw.id.get().and_then(|id| policy.ladders.iter().find(|l| l.id == id.as_str())) {
            ladder_fits(root, raw, ladder, policy, &broken, b);
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

fn required(root: &raw::Root, policy: &Policy, broken: &Broken, b: &mut Bench) {
    let given = |l: &raw::Ladder| l.id.get().is_some_and(|id| id == "operations");
    if !root.ladders.get().is_some_and(|l| l.iter().any(|l| given(l))) && !broken.any(&["ladders"]) {
        let pos = if root.ladders.given { root.ladders.pos } else { root.pos };
        b.warn(pos, say!(no_operations), Some(say!(hint_no_operations)));
    }
    if !policy.contacts.offices.contains_key("operator") && !broken.any(&["contacts"]) {
        let offices = root.contacts.get().filter(|c| c.offices.given).map(|c| c.offices.pos);
        b.warn(offices.unwrap_or(root.pos), say!(no_operator), Some(say!(hint_no_operator)));
    }
    if policy.mode == Mode::Rehearsal && !policy.channels.iter().any(|c| matches!(c.kind, ChannelKind::Folder { .. })) {
        b.error(root.channels.pos, say!(no_folder), Some(say!(hint_no_folder)));
    }
}

fn sources(root: &raw::Root, policy: &Policy, broken: &Broken, b: &mut Bench) {
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
        if !broken.any(&["sources"]) && !raws.iter().any(|s| attendance(s) && named(s, id)) {
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
        let schools: Vec<String> = policy.schools.iter().map(shown).collect();
        let hint = say!(hint_rule_reaches_nobody, schools.join("; "));
        b.warn(raw.r#where.pos, say!(rule_reaches_nobody, rule.id), Some(hint));
    }
    let mut needs = Needs::default();
    needs.lessons(&raw.day_lessons);
    if let Some(when) = raw.when.get() {
        needs.look(when);
    }
    for school in &reached {
        if let Some(pos) = needs.lessons.filter(|_| !school.timetable) {
            b.error(pos, say!(rule_needs_periods, rule.id, school.id), Some(say!(hint_rule_needs_periods)));
        } else if let Some(pos) = needs.sessions.filter(|_| school.sessions.is_empty()) {
            b.error(pos, say!(rule_needs_sessions, rule.id, school.id), Some(say!(hint_rule_needs_sessions)));
        }
        for slot in &needs.slots {
            let name = slot.value.parse::<u32>().map_or_else(|_| slot.value.clone(), |n| format!("p:{n}"));
            let has = |s: &School| {
                name == "day"
                    || s.slots.iter().any(|x| x.id == name.as_str())
                    || s.periods.iter().any(|p| p.id == name.as_str())
            };
            // One that no school has was reported where the rule was read.
            if !has(school) && policy.schools.iter().any(has) {
                let text = say!(rule_needs_slot, rule.id, slot.value, school.id);
                b.warn(slot.pos, text, Some(say!(hint_rule_needs_slot, slot.value)));
            }
        }
    }
    if rule.subject == SubjectKind::Pupil && rule.ladder.is_none() && rule.level >= policy.ledger_from {
        b.p.note(raw.id.pos, say!(rule_without_ladder, rule.id), None);
    }
}

/// `cs-primary (primary 1-6)`.
fn shown(school: &School) -> String {
    let stages = school.stages.iter().map(|(stage, grades)| {
        let word = match stage {
            Stage::Kindergarten => "kindergarten",
            Stage::Primary => "primary",
            Stage::Junior => "junior",
            Stage::Senior => "senior",
            Stage::Special => "special",
        };
        let here = || school.grades.iter().filter(|g| grades.contains(g));
        match here().min().zip(here().max()) {
            Some((a, z)) => format!("{word} {a}-{z}"),
            None => word.to_string(),
        }
    });
    format!("{} ({})", school.id, stages.collect::<Vec<_>>().join(", "))
}

/// What a rule asks of a school, and where it says so first.
#[derive(Default)]
struct Needs<'r> {
    lessons: Option<Pos>,
    sessions: Option<Pos>,
    slots: Vec<&'r At<String>>,
}

impl<'r> Needs<'r> {
    fn lessons<T>(&mut self, key: &Opt<T>) {
        self.lessons = self.lessons.or(key.given.then_some(key.pos));
    }
    fn sessions<T>(&mut self, key: &Opt<T>) {
        self.sessions = self.sessions.or(key.given.then_some(key.pos));
    }
    fn day(&mut self, lessons: &Opt<Number>, slots: &'r Opt<Many<String>>) {
        self.lessons(lessons);
        self.slots.extend(slots.get().into_iter().flat_map(|m| &m.0));
    }

    fn look(&mut self, cond: &'r raw::Cond) {
        if let Some(c) = cond.consecutive.get() {
            self.day(&c.day_lessons, &c.slots);
            self.lessons(&c.lessons);
            self.lessons(&c.hours);
            self.sessions(&c.sessions);
        }
        if let Some(c) = cond.total.get() {
            self.day(&c.day_lessons, &c.slots);
            self.lessons(&c.lessons);
            self.lessons(&c.hours);
            self.sessions(&c.sessions);
        }
        if let Some(c) = cond.rate.get() {
            self.day(&c.day_lessons, &c.slots);
        }
        if let Some(c) = cond.weekday.get() {
            self.day(&c.day_lessons, &c.slots);
        }
        if let Some(c) = cond.cluster.get() {
            self.day(&c.day_lessons, &c.slots);
        }
        if let Some(c) = cond.corrected_late.get() {
            self.lessons(&c.lessons);
        }
        for list in [&cond.all, &cond.any] {
            list.get().into_iter().flatten().for_each(|c| self.look(c));
        }
        if let Some(c) = cond.not.get() {
            self.look(c);
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

fn ladder_fits(
    root: &raw::Root,
    raw: &At<raw::Ladder>,
    ladder: &Ladder,
    policy: &Policy,
    broken: &Broken,
    b: &mut Bench,
) {
    let users: Vec<&Rule> = policy.rules.iter().filter(|r| r.ladder.as_ref() == Some(&ladder.id)).collect();
    let operations = ladder.id == "operations";
    let reached: Vec<&School> =
        policy.schools.iter().filter(|s| operations || users.iter().any(|r| rule::reaches(&r.filter, s))).collect();
    // Without it a fault of the program itself would be told to nobody who can mend it (cases.md §5).
    let has_operator = policy.contacts.offices.contains_key("operator");
    if operations
        && has_operator
        && !ladder.rungs.is_empty()
        && !ladder.rungs.iter().any(|r| r.to.iter().any(|to| *to == *"operator"))
    {
        b.error(raw.id.pos, say!(operations_without_operator), Some(say!(hint_operations_without_operator)));
    }
    if users.is_empty() && !operations && !policy.rules.is_empty() {
        b.p.note(raw.id.pos, say!(ladder_unused, ladder.id), None);
    }
    let highest = users.iter().map(|r| r.level).chain(ladder.again.map(|a| a.level)).max();
    let known = roles(policy);
    for raw in raw.rungs.get().map(Vec::as_slice).unwrap_or_default() {
        let Some(rung) = raw.id.get().and_then(|id| ladder.rungs.iter().find(|r| r.id == id.as_str())) else {
            continue;
        };
        channels_exist(root, raw, policy, b);
        let strangers = unknown_roles(raw, &known, b);
        for school in reached.iter().filter(|_| !broken.any(&["schools", "contacts", "channels"])) {
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
        template_fits(root, raw, rung, policy, b);
        if !users.is_empty() && !broken.any(&["rules"]) {
            unreachable(&rung.at.anchor, raw.at.pos, rung.id.as_str(), highest, ladder, b);
        }
    }
    if !users.is_empty() && !broken.any(&["rules"]) {
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

/// Every role sees the least that it needs, and no guardian reads the word 辍学 (cases.md §3).
fn template_fits(root: &raw::Root, raw: &At<raw::Rung>, rung: &Rung, policy: &Policy, b: &mut Bench) {
    let Some(name) = &rung.template else { return };
    let Some(template) = policy.templates.by_id.get(name) else { return };
    let texts: Vec<&str> = [&template.sms, &template.email_subject, &template.email_text]
        .into_iter()
        .flatten()
        .flat_map(|t| [t.zh.as_str(), t.en.as_str()])
        .collect();
    let is_office = |role: &Role| policy.contacts.offices.contains_key(role.as_str()) || *role == "home_township";
    let place = root
        .templates
        .get()
        .and_then(|t| t.0.iter().find(|(key, _)| key.text == *name))
        .map_or(raw.template.pos, |(key, _)| key.pos);
    if let Some(role) = rung.to.iter().find(|r| !is_office(r))
        && texts.iter().any(|t| t.split("{{").skip(1).any(|v| v.trim_start().starts_with("case.")))
    {
        b.warn(place, say!(variable_of_offices, name, role), Some(say!(hint_variable_of_offices)));
    }
    if rung.to.iter().any(|r| *r == "guardian") && texts.iter().any(|t| t.contains("辍学")) {
        b.error(place, say!(dropout_to_guardian, name), Some(say!(hint_dropout_to_guardian)));
    }
}

/// A template that is not there has a default; only a likely slip of one that is there is worth a word.
fn is_near_template(name: &str, policy: &Policy) -> bool {
    nearest(name, policy.templates.by_id.keys().map(String::as_str)).is_some()
}

fn channels_exist(root: &raw::Root, raw: &At<raw::Rung>, policy: &Policy, b: &mut Bench) {
    // In rehearsal everything goes to the folder.
    if policy.mode == Mode::Rehearsal {
        return;
    }
    for via in raw.via.get().map(|m| m.0.as_slice()).unwrap_or_default() {
        // A channel with a mistake in it is there all the same.
        let named = root.channels.get().map(|d| d.0.as_slice()).unwrap_or_default();
        let mut ids: Vec<&str> = named.iter().map(|(key, _)| key.text.as_str()).collect();
        ids.extend(policy.channels.iter().map(|c| c.id.as_str()));
        ids.sort_unstable();
        ids.dedup();
        if !ids.contains(&via.value.as_str()) {
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
