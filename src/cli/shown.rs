//! What commands show of pupils, cases and their history: references and masked names, or (with `--identify`) student
//! numbers, names and phones. JSON comes from the forms that policy tests use too.

use super::town::Town;
use super::{CliError, Context};
use crate::domain::Time;
use crate::domain::case::{Case, Event};
use crate::domain::finding::Finding;
use crate::domain::ids::{PupilId, Role, RungId};
use crate::domain::incident::Incident;
use crate::domain::message::{Lang, shell as say};
use crate::domain::policy::Policy;
use crate::domain::text::mask_name;
use crate::drive::forms::Forms;
use crate::store::outbox::LetterRow;
use crate::store::vault::PupilCard;
use crate::store::{Db, cases, vault};
use serde_json::Value;
use std::collections::BTreeMap;

pub struct Shown<'d> {
    town: &'d Town,
    db: &'d Db,
    forms: Forms<'d>,
    lang: Lang,
    identify: bool,
    now: Time,
    cards: BTreeMap<PupilId, Option<PupilCard>>,
}

impl<'d> Shown<'d> {
    pub fn new(context: &Context, town: &'d Town, db: &'d Db) -> Result<Shown<'d>, CliError> {
        Shown::of(context, town, db, &town.policy, town.now())
    }

    /// Of another database or policy of the town, as of an instant.
    pub fn of(
        context: &Context,
        town: &'d Town,
        db: &'d Db,
        policy: &'d Policy,
        now: Time,
    ) -> Result<Shown<'d>, CliError> {
        let forms = Forms::new(db, policy, now, context.identify).map_err(|e| town.broken(e))?;
        let (lang, identify) = (context.lang, context.identify);
        Ok(Shown { town, db, forms, lang, identify, now, cards: BTreeMap::new() })
    }

    pub fn now(&self) -> Time {
        self.now
    }

    fn card(&mut self, pupil: PupilId) -> Result<Option<&PupilCard>, CliError> {
        if !self.cards.contains_key(&pupil) {
            let card = vault::pupil_card(self.db.conn(), &self.db.vault(), pupil).map_err(|e| self.town.broken(e))?;
            self.cards.insert(pupil, card);
        }
        Ok(self.cards.get(&pupil).and_then(Option::as_ref))
    }

    /// The pupil's name as it may be shown, and the first phone if it may.
    fn name_and_phone(&mut self, pupil: PupilId) -> Result<(String, Option<String>), CliError> {
        let identify = self.identify;
        let Some(card) = self.card(pupil)? else { return Ok((String::new(), None)) };
        if !identify {
            return Ok((mask_name(&card.name), None));
        }
        Ok((card.name.clone(), card.contacts.iter().find_map(|c| c.phone.clone())))
    }

    pub fn pupil_head(&self) -> Vec<String> {
        let mut head = vec![say::col_pupil(self.lang), say::col_name(self.lang)];
        if self.identify {
            head.push(say::col_phone(self.lang));
        }
        head
    }

    pub fn pupil_cells(&mut self, pupil: PupilId) -> Result<Vec<String>, CliError> {
        let called = self.forms.pupil(pupil).map_err(|e| self.town.broken(e))?;
        let (name, phone) = self.name_and_phone(pupil)?;
        let mut cells = vec![called, name];
        if self.identify {
            cells.push(phone.unwrap_or_default());
        }
        Ok(cells)
    }

    pub fn pupil_line(&mut self, pupil: PupilId) -> Result<String, CliError> {
        let cells = self.pupil_cells(pupil)?;
        Ok(cells.into_iter().filter(|c| !c.is_empty()).collect::<Vec<_>>().join("  "))
    }

    /// Reference (or number), name and phone, into a line of JSON.
    pub fn put_pupil(&mut self, line: &mut Value, pupil: PupilId) -> Result<(), CliError> {
        line["pupil"] = self.forms.pupil(pupil).map_err(|e| self.town.broken(e))?.into();
        let (name, phone) = self.name_and_phone(pupil)?;
        line["name"] = name.into();
        if self.identify {
            line["phone"] = phone.into();
        }
        Ok(())
    }

    /// Evidence and reasons: they may name anybody.
    fn words(&self, text: &str) -> String {
        if self.identify || text.is_empty() { text.to_owned() } else { say::identify_hint(self.lang) }
    }

    pub fn finding(&mut self, f: &Finding) -> Result<Value, CliError> {
        self.forms.finding(f).map_err(|e| self.town.broken(e))
    }

    pub fn incident(&mut self, i: &Incident) -> Result<Value, CliError> {
        self.forms.incident(i).map_err(|e| self.town.broken(e))
    }

    pub fn letter(&mut self, l: &LetterRow) -> Result<Value, CliError> {
        self.forms.letter(l).map_err(|e| self.town.broken(e))
    }

    pub fn case(&mut self, c: &Case) -> Result<Value, CliError> {
        let mut line = self.forms.case(c).map_err(|e| self.town.broken(e))?;
        self.put_pupil(&mut line, c.pupil)?;
        Ok(line)
    }

    /// The next rung of a case in words, and when.
    pub fn next(&mut self, c: &Case) -> Result<Option<String>, CliError> {
        let line = self.forms.case(c).map_err(|e| self.town.broken(e))?;
        let climbs = line["climbs"].as_array().cloned().unwrap_or_default();
        let mut next: Vec<(String, String)> = climbs
            .iter()
            .filter_map(|k| Some((k["next"]["at"].as_str()?.to_owned(), k["next"]["rung"].as_str()?.to_owned())))
            .collect();
        next.sort();
        Ok(next
            .into_iter()
            .next()
            .map(|(at, rung)| format!("{rung} {}", at.replace('T', " ").get(..16).unwrap_or(&at))))
    }

    /// What became of a climb's rungs, from the ledger: rung, role, telling → when and what, the latest word each.
    pub fn past(&self, c: &Case, ladder: &str) -> Result<Vec<Past>, CliError> {
        let entries = cases::ledger(self.db.conn(), &self.db.vault(), Some(c.id)).map_err(|e| self.town.broken(e))?;
        let mut out: Vec<Past> = Vec::new();
        for entry in &entries {
            let (l, rung, telling, role, outcome, why) = match &entry.event {
                Event::RungNoticed { ladder, rung, telling, role } => (ladder, rung, telling, role, "noticed", None),
                Event::RungSent { ladder, rung, telling, role } => (ladder, rung, telling, role, "sent", None),
                Event::RungUnreachable { ladder, rung, telling, role } => {
                    (ladder, rung, telling, role, "unreachable", None)
                }
                Event::RungSkipped { ladder, rung, telling, role, why } => {
                    (ladder, rung, telling, role, "skipped", Some(why))
                }
                _ => continue,
            };
            if l.as_str() != ladder {
                continue;
            }
            let why = why.map(|why| match by_hand(why) {
                true => self.words(why),
                false => say::skipped_because(self.lang, why),
            });
            let known = out.iter_mut().find(|p| p.rung == *rung && p.role == *role && p.telling == *telling);
            let at = entry.at;
            match known {
                Some(p) => (p.at, p.outcome, p.why) = (at, outcome, why),
                None => {
                    let (rung, telling, role) = (rung.clone(), *telling, role.clone());
                    out.push(Past { rung, telling, role, at, outcome, why });
                }
            }
        }
        Ok(out)
    }

    pub fn time(&self, at: Time) -> String {
        crate::clock::rfc3339(at, self.town.policy.township.zone)
    }
}

/// One rung that a climb has passed, for one role.
pub struct Past {
    pub rung: RungId,
    pub telling: u32,
    pub role: Role,
    pub at: Time,
    /// `noticed`, `sent`, `skipped` or `unreachable`.
    pub outcome: &'static str,
    pub why: Option<String>,
}

/// A reason that a person gave, not one of the ladder's own.
pub fn by_hand(why: &str) -> bool {
    say::skipped_because(Lang::Zh, why) == why
}

/// The time as tables show it.
pub fn short(at: Time) -> String {
    crate::domain::words::say_time(at)
}
