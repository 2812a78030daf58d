//! Compile: raw types become the checked policy, section by section; each section reports all of its problems and goes on.
//! What one section says about another is looked at last, in `cross`.

mod calendar;
mod channel;
mod condition;
mod contact;
mod cross;
mod holidays;
mod inbound;
mod ladder;
mod rule;
mod school;
mod source;
mod status;

use super::leaf::Duration;
use super::problem::{Pos, Problems, did_you_mean, say};
use super::raw;
use super::read::{At, Opt};
use super::snapshot::Snapshot;
use crate::domain::message::Lang;
use crate::domain::policy::{
    CalendarPolicy, Contacts, Heartbeat, Mass, Mode, Policy, Secret, Status, Templates, Township,
};
use crate::domain::ratio::Ratio;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// What every section is given.
pub struct Bench<'a> {
    pub p: &'a mut Problems,
    pub snapshot: &'a mut Snapshot,
}

impl Bench<'_> {
    fn error(&mut self, pos: Pos, text: crate::domain::message::Text, way_out: Option<crate::domain::message::Text>) {
        self.p.error(pos, text, way_out);
    }
    fn warn(&mut self, pos: Pos, text: crate::domain::message::Text, way_out: Option<crate::domain::message::Text>) {
        self.p.warn(pos, text, way_out);
    }
    /// A path of the files, absolute.
    fn path(&self, written: &str) -> PathBuf {
        self.snapshot.path(written)
    }
}

/// Compiles everything; with errors among the problems the result is not a policy to use.
pub fn compile(root: &raw::Root, p: &mut Problems, snapshot: &mut Snapshot) -> Policy {
    let mut b = Bench { p, snapshot };
    let township = township(root, &mut b);
    let mode = match root.mode.get() {
        Some(raw::ModeWord::Live) => Mode::Live,
        _ => Mode::Rehearsal,
    };
    let statuses = status::statuses(root.statuses.get(), &mut b);
    let acts = status::acts(root.acts.get(), &mut b);
    let weekend = calendar::weekend(root.calendar.get());
    let schools = match root.schools.need(b.p, "schools") {
        Some(list) => school::schools(list, &weekend, root.schools.pos, &mut b),
        None => Vec::new(),
    };
    let calendar = match root.calendar.need(b.p, "calendar") {
        Some(c) => calendar::calendar(c, weekend, &schools, &mut b),
        None => CalendarPolicy::default(),
    };
    let sources = match root.sources.get() {
        Some(list) => source::sources(list, &schools, &statuses, &mut b),
        None => Vec::new(),
    };
    let channels = channel::channels(root.channels.get(), &mut b);
    let templates = root.templates.get().map_or_else(Templates::default, |t| channel::templates(t, &mut b));
    let contacts = root.contacts.get().map_or_else(Contacts::default, |c| contact::contacts(c, &mut b));
    let contacts = contact::with_default_hours(contacts);
    let ladders = match root.ladders.get() {
        Some(list) => ladder::ladders(list, &statuses, &acts, &mut b),
        None => Vec::new(),
    };
    let rules = match root.rules.get() {
        Some(list) => rule::rules(
            list,
            &rule::Known {
                statuses: &statuses,
                acts: &acts,
                schools: &schools,
                calendar: &calendar,
                ladders: &ladders,
            },
            &mut b,
        ),
        None => Vec::new(),
    };
    let policy = Policy {
        township,
        mode,
        live_from: root.live_from.get().map(|d| d.0),
        ledger_from: level(&root.ledger_from, &mut b).unwrap_or(2),
        mass: mass(root.mass.get(), &mut b),
        morning_report: root.morning_report.get().map(|c| c.0),
        heartbeat: root.heartbeat.get().and_then(|h| heartbeat(h, &mut b)),
        data_dir: b.path(root.data_dir.get().map_or("data", String::as_str)),
        base_dir: b.snapshot.base.clone(),
        seal: seal(root, &mut b),
        calendar,
        schools,
        sources,
        statuses,
        acts,
        rules,
        ladders,
        contacts,
        channels,
        templates,
        hash: b.snapshot.hash(),
        files: std::sync::Arc::new(b.snapshot.kept.clone()),
    };
    cross::check(root, &policy, &mut b);
    policy
}

fn township(root: &raw::Root, b: &mut Bench) -> Township {
    let mut out =
        Township { name: String::new(), code: String::new(), zone: chrono_tz::Asia::Shanghai, lang: Lang::Zh };
    let Some(t) = root.township.need(b.p, "township") else { return out };
    if let Some(name) = t.name.need(b.p, "name") {
        out.name.clone_from(name);
    }
    if let Some(code) = t.code.need(b.p, "code") {
        if code.len() == 9 && code.bytes().all(|c| c.is_ascii_digit()) {
            out.code.clone_from(code);
        } else {
            b.error(t.code.pos, say!(bad_code, code), Some(say!(hint_code)));
        }
    }
    if let Some(name) = t.timezone.get() {
        match name.parse::<chrono_tz::Tz>() {
            Ok(zone) if is_steady(zone) => out.zone = zone,
            Ok(_) => b.error(t.timezone.pos, say!(zone_changes, name), Some(say!(hint_zone))),
            Err(_) => b.error(t.timezone.pos, say!(bad_zone, name), Some(say!(hint_zone))),
        }
    }
    if let Some(raw::LocaleWord::En) = t.locale.get() {
        out.lang = Lang::En;
    }
    out
}

/// Local time is a total order only in a zone whose offset does not change.
fn is_steady(zone: chrono_tz::Tz) -> bool {
    use chrono::{Offset as _, TimeZone as _};
    let mut offsets = (2020..2040).flat_map(|y| [1, 4, 7, 10].map(|m| (y, m))).filter_map(|(y, m)| {
        let at = chrono::NaiveDate::from_ymd_opt(y, m, 1)?.and_hms_opt(0, 0, 0)?;
        Some(zone.offset_from_utc_datetime(&at).fix().local_minus_utc())
    });
    let first = offsets.next();
    offsets.all(|o| Some(o) == first)
}

fn mass(raw: Option<&raw::Mass>, b: &mut Bench) -> Mass {
    let mut out = Mass { share: Ratio::new(1, 20), pupils: 10, class_min: 5 };
    if let Some(m) = raw {
        out.share = m.share.get().map_or(out.share, |s| s.0);
        out.pupils = at_least_one(&m.pupils, b).unwrap_or(out.pupils);
        out.class_min = at_least_one(&m.class_min, b).unwrap_or(out.class_min);
    }
    out
}

fn heartbeat(raw: &raw::Heartbeat, b: &mut Bench) -> Option<Heartbeat> {
    let every_s = seconds(&raw.every, 1, b).unwrap_or(60);
    if !raw.url.given && !raw.file.given {
        b.error(raw.pos, say!(need_one_of, "url, file"), Some(say!(hint_heartbeat)));
        return None;
    }
    if let Some(url) = raw.url.get() {
        check_url(url, raw.url.pos, b);
    }
    Some(Heartbeat {
        url: raw.url.get().cloned(),
        file: raw.file.get().map(|f| b.path(f)),
        every_s: u32::try_from(every_s).unwrap_or(60),
    })
}

fn seal(root: &raw::Root, b: &mut Bench) -> Secret {
    let default = Secret::Credential("seal".into());
    match root.seal.get() {
        Some(s) => s.key.get().and_then(|key| secret(key, b)).unwrap_or(default),
        None => default,
    }
}

fn secret(raw: &raw::SecretFrom, b: &mut Bench) -> Option<Secret> {
    let raw = &raw.0;
    let given = [raw.credential.given, raw.file.given, raw.env.given].iter().filter(|g| **g).count();
    if given != 1 {
        let text = if given == 0 {
            say!(need_one_of, "credential, file, env")
        } else {
            say!(only_one_of, "credential, file, env")
        };
        b.error(raw.pos, text, Some(say!(hint_secret)));
        return None;
    }
    if let Some(name) = raw.credential.get() {
        if name.contains('/') || name.starts_with('.') {
            b.error(raw.credential.pos, say!(bad_credential, name), Some(say!(hint_secret)));
            return None;
        }
        return Some(Secret::Credential(name.clone()));
    }
    raw.file.get().map(|f| Secret::File(b.path(f))).or_else(|| raw.env.get().map(|e| Secret::Env(e.clone())))
}

// ---------------------------------------------------------------- small things that several sections need

fn check_url(url: &str, pos: Pos, b: &mut Bench) {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    // Blanks inside `{{ … }}` are the template's, not the address's.
    let outside = url.split("{{").map(|part| part.rsplit_once("}}").map_or(part, |(_, after)| after));
    let has_blank = outside.into_iter().any(|part| part.contains(char::is_whitespace));
    if !rest.is_some_and(|r| !r.is_empty() && !r.starts_with('/')) || has_blank {
        b.error(pos, say!(bad_url, url), Some(say!(hint_url)));
    }
}

/// A level of a case, 1…9.
fn level(field: &Opt<u32>, b: &mut Bench) -> Option<u8> {
    let n = *field.get()?;
    match u8::try_from(n) {
        Ok(n @ 1..=9) => Some(n),
        _ => {
            b.error(field.pos, say!(bad_level, n), Some(say!(hint_level)));
            None
        }
    }
}

fn at_least_one(field: &Opt<u32>, b: &mut Bench) -> Option<u32> {
    let n = *field.get()?;
    if n == 0 {
        b.error(field.pos, say!(not_zero), Some(say!(hint_at_least_one)));
        return None;
    }
    Some(n)
}

fn need_at_least_one(field: &Opt<u32>, key: &str, b: &mut Bench) -> Option<u32> {
    field.need(b.p, key)?;
    at_least_one(field, b)
}

/// A duration of at least so many seconds.
fn seconds(field: &Opt<Duration>, min: i64, b: &mut Bench) -> Option<i64> {
    let d = field.get()?;
    if d.0 < min {
        b.error(field.pos, say!(too_short, min), Some(say!(hint_duration)));
        return None;
    }
    Some(d.0)
}

/// A name that is referred to: letters, digits, `-` and `_`.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

fn is_kebab(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

/// The id of an entry; reported when left out, ill-formed or already taken.
fn id<'r>(field: &'r Opt<String>, taken: &mut Vec<String>, b: &mut Bench) -> Option<&'r str> {
    let id = field.need(b.p, "id")?;
    if !is_id(id) {
        b.error(field.pos, say!(bad_id, id), Some(say!(hint_id)));
        return None;
    }
    if taken.iter().any(|t| t == id) {
        b.error(field.pos, say!(id_twice, id), Some(say!(hint_id_twice)));
        return None;
    }
    taken.push(id.clone());
    Some(id)
}

/// A reference that must be among the known names.
fn known(item: &At<String>, known: &[&str], b: &mut Bench) -> bool {
    if known.contains(&item.value.as_str()) {
        return true;
    }
    b.error(item.pos, say!(unknown_word, item.value), did_you_mean(&item.value, known));
    false
}

/// First 16 hex digits of the hash of a value as JSON: the version of a ladder or rule.
fn version<T: serde::Serialize>(value: &T) -> String {
    let json = serde_json::to_vec(value).expect("ladders and rules are plain data");
    hex::encode(Sha256::digest(json))[..16].to_string()
}

fn status_ids(statuses: &[Status]) -> Vec<&str> {
    statuses.iter().map(|s| s.id.as_str()).collect()
}
