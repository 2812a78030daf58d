//! Contacts: people with their addresses, offices, the townships that children come from, hours by role.

use super::{Bench, at_least_one, is_id, seconds};
use crate::config::problem::{Pos, say};
use crate::config::raw;
use crate::config::read::{At, Dict, Opt};
use crate::domain::TimeOfDay;
use crate::domain::ids::Role;
use crate::domain::normalise;
use crate::domain::policy::{Contacts, HomeTownship, Hours, Office, Person};

/// Roles that come from the register or the schools and cannot be offices.
const TAKEN: [&str; 3] = ["guardian", "homeroom", "home_township"];

pub fn person(raw: &raw::Person, b: &mut Bench) -> Option<Person> {
    if !raw.phone.given && !raw.email.given {
        b.error(raw.pos, say!(no_address), Some(say!(hint_no_address)));
    }
    let name = raw.name.need(b.p, "name")?.clone();
    let mut phone = None;
    if let Some(text) = raw.phone.get() {
        // Neither number nor address is repeated in the message: it may be copied elsewhere.
        match normalise::phone(text) {
            Ok(Some(number)) => phone = Some(number),
            _ => b.error(raw.phone.pos, say!(bad_phone), Some(say!(hint_phone))),
        }
    }
    let email = raw.email.get().filter(|e| {
        let good = is_email(e);
        if !good {
            b.error(raw.email.pos, say!(bad_email), Some(say!(hint_email)));
        }
        good
    });
    Some(Person { name, phone, email: email.cloned() })
}

pub fn is_email(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>(),;:\\\"".contains(c));
    text.split_once('@').is_some_and(|(local, host)| {
        plain
            && !local.is_empty()
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !host.is_empty()
    })
}

pub fn contacts(raw: &raw::Contacts, b: &mut Bench) -> Contacts {
    let mut out = Contacts::default();
    for (key, o) in raw.offices.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        if TAKEN.contains(&key.text.as_str()) {
            b.error(key.pos, say!(role_not_configured, key.text), Some(say!(hint_role_not_configured)));
        } else if !is_id(&key.text) {
            b.error(key.pos, say!(bad_id, key.text), Some(say!(hint_id)));
        } else {
            let office = office(&o.name, &o.people, o.pos, b);
            out.offices.insert(Role::new(&key.text), office);
        }
    }
    for (key, home) in raw.home_townships.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        if key.text.len() != 9 || !key.text.bytes().all(|c| c.is_ascii_digit()) {
            b.error(key.pos, say!(bad_code, key.text), Some(say!(hint_code)));
        }
        let township = HomeTownship {
            office: office(&home.name, &home.people, home.pos, b),
            education_office: home.education_office.get().map(|o| office(&o.name, &o.people, o.pos, b)),
        };
        out.home_townships.insert(key.text.clone(), township);
    }
    if let Some(hours) = raw.hours.get() {
        hours_by_role(hours, &mut out, b);
    }
    out
}

fn office(name: &Opt<String>, people: &Opt<Vec<At<raw::Person>>>, pos: Pos, b: &mut Bench) -> Office {
    let list = people.get().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() && !(people.given && people.get().is_none()) {
        b.error(
            if people.given { people.pos } else { pos },
            say!(office_without_people),
            Some(say!(hint_office_without_people)),
        );
    }
    Office {
        name: name.need(b.p, "name").cloned().unwrap_or_default(),
        people: list.iter().filter_map(|p| person(p, b)).collect(),
    }
}

fn hours_by_role(raw: &Dict<raw::Hours>, out: &mut Contacts, b: &mut Bench) {
    let bare =
        Hours { quiet: None, per_day: None, working_days_only: false, bundle_s: 600, digest: None, valid_s: 86_400 };
    // The office first: what a role leaves out is the office's.
    let office = raw.0.iter().find(|(k, _)| k.text == "office");
    let of_office = office.map_or_else(|| bare.clone(), |(_, h)| hours(h, &bare, b));
    for (key, h) in raw.0.iter().filter(|(k, _)| k.text != "office") {
        let base = if key.text == "guardian" { guardian_hours() } else { of_office.clone() };
        let value = hours(h, &base, b);
        out.hours.insert(Role::new(&key.text), value);
    }
    if office.is_some() {
        out.hours.insert(Role::new("office"), of_office);
    }
}

fn hours(raw: &raw::Hours, base: &Hours, b: &mut Bench) -> Hours {
    let mut out = base.clone();
    // `null` takes away what the office or the guardians usually have.
    match raw.quiet.get() {
        Some(quiet) => out.quiet = quiet.0,
        None if raw.quiet.null => out.quiet = None,
        None => {}
    }
    out.per_day = at_least_one(&raw.per_day, b).or(out.per_day.filter(|_| !raw.per_day.null));
    out.working_days_only = raw.working_days_only.get().copied().unwrap_or(out.working_days_only);
    out.bundle_s = seconds(&raw.bundle, 0, b).unwrap_or(out.bundle_s);
    out.digest = raw.digest.get().map(|c| c.0).or(out.digest.filter(|_| !raw.digest.null));
    out.valid_s = seconds(&raw.valid, 1, b).unwrap_or(out.valid_s);
    out
}

/// What holds for guardians unless the township says otherwise: nobody is woken at night, one SMS a day.
fn guardian_hours() -> Hours {
    let at = |h| TimeOfDay::from_hms_opt(h, 0, 0);
    Hours {
        quiet: at(21).zip(at(7)),
        per_day: Some(1),
        working_days_only: false,
        bundle_s: 600,
        digest: None,
        valid_s: 86_400,
    }
}

pub fn with_default_hours(mut contacts: Contacts) -> Contacts {
    contacts.hours.entry(Role::new("guardian")).or_insert_with(guardian_hours);
    contacts
}
