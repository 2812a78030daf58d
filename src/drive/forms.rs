//! The JSON forms of interface.md §3 (findings, letters, cases, incidents, ledger), read from the store. One form for
//! every command and for policy tests; pupils are references, or student numbers where that was asked for.

use crate::clock::rfc3339;
use crate::domain::Time;
use crate::domain::case::{Case, State};
use crate::domain::climbing;
use crate::domain::finding::Finding;
use crate::domain::ids::{CaseId, LadderId, LetterId, PupilId, RungId};
use crate::domain::incident::Incident;
use crate::domain::ladder::{self, Footing};
use crate::domain::notice::About;
use crate::domain::policy::Policy;
use crate::domain::text::{mask_name, mask_number};
use crate::domain::timeline;
use crate::step::{ladder_by_hash, prepared};
use crate::store::{Db, StoreError, cases, documents, evidence, findings, incidents, outbox, vault};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Writes the forms of one database.
pub struct Forms<'d> {
    db: &'d Db,
    policy: &'d Policy,
    now: Time,
    /// Student numbers, names and phones; the caller writes the log of reads.
    identify: bool,
    names: BTreeMap<PupilId, String>,
    ladders: BTreeMap<CaseId, Vec<String>>,
}

impl<'d> Forms<'d> {
    /// `now`: for what comes next.
    pub fn new(db: &'d Db, policy: &'d Policy, now: Time, identify: bool) -> Result<Self, StoreError> {
        let mut forms = Forms { db, policy, now, identify, names: BTreeMap::new(), ladders: BTreeMap::new() };
        for case in cases::all(db.conn(), &db.vault(), true)? {
            forms.ladders.insert(case.id, case.climbs.iter().map(|c| c.ladder.to_string()).collect());
        }
        Ok(forms)
    }

    fn time(&self, at: Time) -> String {
        rfc3339(at, self.policy.township.zone)
    }

    /// How a pupil is called in outputs.
    pub fn pupil(&mut self, pupil: PupilId) -> Result<String, StoreError> {
        if !self.identify {
            return Ok(pupil.to_string());
        }
        if let Some(name) = self.names.get(&pupil) {
            return Ok(name.clone());
        }
        let card = vault::pupil_card(self.db.conn(), &self.db.vault(), pupil)?;
        let name = card.and_then(|c| c.student_no).unwrap_or_else(|| pupil.to_string());
        self.names.insert(pupil, name.clone());
        Ok(name)
    }

    pub fn findings(&mut self) -> Result<Vec<Value>, StoreError> {
        findings::all(self.db.conn())?.iter().map(|f| self.finding(f)).collect()
    }

    pub fn finding(&mut self, f: &Finding) -> Result<Value, StoreError> {
        let mut subject = serde_json::Map::new();
        if let Some(school) = &f.subject.school {
            subject.insert("school".into(), school.as_str().into());
        }
        if let Some(class) = &f.subject.class {
            subject.insert("class".into(), class.as_str().into());
        }
        if let Some(pupil) = f.subject.pupil {
            subject.insert("pupil".into(), self.pupil(pupil)?.into());
        }
        let measure = f.measure.map(|m| {
            let value =
                if m.value.denominator() == 1 { json!(m.value.numerator()) } else { json!(m.value.to_string()) };
            let unit = serde_json::to_value(m.unit).ok().and_then(|u| u.as_str().map(str::to_owned));
            json!({ unit.unwrap_or_default(): value })
        });
        Ok(json!({"rule": f.rule.as_str(), "subject": subject, "fired_on": f.fired_on, "last_on": f.last_on,
            "open": f.open, "measure": measure, "evidence": f.evidence}))
    }

    pub fn cases(&mut self) -> Result<Vec<Value>, StoreError> {
        cases::all(self.db.conn(), &self.db.vault(), true)?.iter().map(|c| self.case(c)).collect()
    }

    pub fn case(&mut self, c: &Case) -> Result<Value, StoreError> {
        let mut next = self.next_rungs(c)?;
        let climbs: Vec<Value> = c
            .climbs
            .iter()
            .map(|climb| {
                let mut sent: Vec<_> = climb.rungs.iter().filter_map(|(r, s)| Some((s.sent?, r.as_str()))).collect();
                sent.sort();
                let sent: Vec<&str> = sent.into_iter().map(|s| s.1).collect();
                let next =
                    next.remove(&climb.ladder).map(|(rung, at)| json!({"rung": rung.as_str(), "at": self.time(at)}));
                json!({"ladder": climb.ladder.as_str(), "sent": sent, "next": next})
            })
            .collect();
        Ok(json!({
            "case": c.id.to_string(),
            "number": c.number,
            "pupil": self.pupil(c.pupil)?,
            "state": c.state.as_str(),
            "level": c.level,
            "opened": self.time(c.opened),
            "closed": c.closing.as_ref().map(|k| self.time(k.at)),
            "climbs": climbs,
            "marks": c.marks.keys().map(|m| m.as_str()).collect::<Vec<_>>(),
            "held": c.held.map(|i| i.to_string()),
            "relapse_of": c.relapse_of.map(|r| r.to_string()),
            "reason": c.closing.as_ref().map(|k| k.reason.as_str()),
            "documents": c.drafts.iter().map(|d| json!({"document": d.document.as_str(), "number": d.number,
                "drafted": self.time(d.at), "served": d.served})).collect::<Vec<_>>(),
        }))
    }

    /// The next rung of each climb and its time, as the calendar and the contacts of now have it; none while a case is
    /// watching or closed.
    fn next_rungs(&self, c: &Case) -> Result<BTreeMap<LadderId, (RungId, Time)>, StoreError> {
        let mut next = BTreeMap::new();
        if c.state != State::Open {
            return Ok(next);
        }
        let ready = prepared(self.policy);
        let loaded = evidence::load(self.db.conn(), &[c.pupil])?;
        let built = timeline::build(self.policy, &ready.calendar, &loaded, &[c.pupil], self.now.date(), None);
        let segment = built.roster.at(c.pupil, self.now.date());
        let place = segment.map(|s| (&s.school_id, s.grade, s.class.as_ref()));
        let footing = Footing { calendar: &ready.calendar, place };
        for climb in &c.climbs {
            let Some(ladder) = ladder_by_hash(self.db.conn(), self.policy, &climb.hash) else { continue };
            let anchors = climbing::anchors(c, climb);
            let planned =
                ladder::plan(&footing, climb, &ladder, &anchors, climbing::waits(c, climb), &self.policy.contacts);
            next.extend(planned.into_iter().next().map(|p| (climb.ladder.clone(), (p.rung, p.at))));
        }
        Ok(next)
    }

    pub fn incidents(&mut self) -> Result<Vec<Value>, StoreError> {
        incidents::list(self.db.conn(), true)?.iter().map(|i| self.incident(i)).collect()
    }

    /// A pupil or a case as its subject is called as pupils and cases are elsewhere.
    pub fn incident(&mut self, i: &Incident) -> Result<Value, StoreError> {
        let subject = match PupilId::parse(&i.subject) {
            Some(pupil) => self.pupil(pupil)?,
            None => i.subject.clone(),
        };
        let mut line = json!({"incident": i.id.to_string(), "kind": i.kind, "subject": subject,
            "opened": self.time(i.opened), "closed": i.closed.map(|t| self.time(t))});
        if let Some(id) = CaseId::parse(&i.subject)
            && let Some(case) = cases::get(self.db.conn(), &self.db.vault(), id)?
        {
            line["pupil"] = self.pupil(case.pupil)?.into();
        }
        Ok(line)
    }

    /// Every change of every case, oldest first.
    pub fn ledger(&mut self) -> Result<Vec<Value>, StoreError> {
        let pupils: BTreeMap<CaseId, PupilId> =
            cases::all(self.db.conn(), &self.db.vault(), true)?.iter().map(|c| (c.id, c.pupil)).collect();
        let mut out = Vec::new();
        for entry in cases::ledger(self.db.conn(), &self.db.vault(), None)? {
            let mut line = serde_json::to_value(&entry.event).unwrap_or_default();
            line["case"] = entry.case.to_string().into();
            line["at"] = self.time(entry.at).into();
            if let Some(pupil) = pupils.get(&entry.case) {
                line["pupil"] = self.pupil(*pupil)?.into();
            }
            out.push(line);
        }
        Ok(out)
    }

    pub fn letters(&mut self) -> Result<Vec<(LetterId, Value)>, StoreError> {
        let rows = outbox::letters(self.db.conn())?;
        rows.iter().map(|l| Ok((l.id, self.letter(l)?))).collect()
    }

    /// `ladders` are those of its notices; what stands outside rungs belongs to the ladders of its case or incident.
    pub fn letter(&mut self, l: &outbox::LetterRow) -> Result<Value, StoreError> {
        let notices = outbox::notices_of(self.db.conn(), l.id)?;
        let (mut rungs, mut pupils, mut ladders) = (Vec::new(), Vec::new(), Vec::new());
        let push = |list: &mut Vec<String>, s: String| {
            if !list.contains(&s) {
                list.push(s);
            }
        };
        for n in &notices {
            push(&mut rungs, n.rung.to_string());
            if let Some(pupil) = n.pupil {
                push(&mut pupils, self.pupil(pupil)?);
            }
            match (&n.ladder, n.about) {
                (Some(ladder), _) => push(&mut ladders, ladder.to_string()),
                (None, About::Case(case)) => {
                    self.ladders.get(&case).into_iter().flatten().for_each(|l| push(&mut ladders, l.clone()));
                }
                (None, About::Incident(incident)) => {
                    let of = incidents::get(self.db.conn(), incident)?.and_then(|i| i.body.climb);
                    ladders.extend(of.map(|c| c.ladder.to_string()).filter(|l| !ladders.contains(l)));
                }
                (None, About::Township(_)) => {}
            }
        }
        let words = outbox::words(self.db.conn(), &self.db.vault(), l.id)?;
        let documents = documents::of_letter(self.db.conn(), l.id)?;
        let documents: Vec<Value> =
            documents.into_iter().map(|(kind, number)| json!({"document": kind.as_str(), "number": number})).collect();
        let mut to = json!({"role": l.role.as_str()});
        let (mut subject, mut text) = (Value::Null, Value::Null);
        if let Some(w) = words {
            let address = if self.identify { w.address.clone() } else { mask_number(&w.address) };
            to["name"] = if self.identify { w.name } else { mask_name(&w.name) }.into();
            to["address"] = address.into();
            if self.identify {
                (subject, text) = (w.subject.into(), w.text.into());
            }
        }
        Ok(json!({
            "letter": l.id.to_string(),
            "at": self.time(l.accepted.unwrap_or(l.claimed)),
            "rungs": rungs,
            "ladders": ladders,
            "to": to,
            "pupils": pupils,
            "channel": l.channel.as_str(),
            "subject": subject,
            "text": text,
            "state": l.state,
            "attempts": l.attempts,
            "possible_repeat": l.repeated,
            "documents": documents,
        }))
    }
}
