//! What the days came to in numbers.

use super::Played;
use crate::domain::case::Event;
use crate::domain::finding::Finding;
use crate::domain::ids::{ChannelId, Role, RuleId};
use crate::domain::incident::Incident;
use crate::domain::policy::{Mode, Policy};
use crate::domain::text;
use crate::drive::world::Broken;
use crate::store::outbox::{LetterRow, Words};
use crate::store::{cases, findings, incidents, outbox};
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// Numbers of the days asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Findings that fired on these days, and cases that they opened.
    pub rules: BTreeMap<RuleId, (usize, usize)>,
    pub cases: usize,
    pub numbered: usize,
    pub relapses: usize,
    pub letters: usize,
    /// Letters and SMS segments.
    pub ways: BTreeMap<(ChannelId, Role), (usize, usize)>,
    pub sms: usize,
    pub segments: usize,
    pub incidents: BTreeMap<String, usize>,
}

/// How many SMS a letter is charged as; `None`: it is none. In a rehearsal the folder holds what would be one.
pub fn sms_segments(policy: &Policy, letter: &LetterRow, words: &Words) -> Option<usize> {
    let sms = policy.channel(&letter.channel).is_some_and(|c| c.is_sms());
    let is_phone = |s: &str| s.chars().any(|c| c.is_ascii_digit()) && !s.contains('@');
    let would_be = policy.mode == Mode::Rehearsal && is_phone(&words.address);
    (sms || would_be).then(|| text::sms_segments(&words.text))
}

impl Played {
    /// Findings that fired on these days, as they stand at the end.
    pub fn findings(&self) -> Result<Vec<Finding>, Broken> {
        let mut all = findings::all(self.db.conn())?;
        all.retain(|f| f.fired_on >= self.days.from && f.fired_on <= self.days.to);
        Ok(all)
    }

    /// Incidents that opened on these days.
    pub fn incidents(&self) -> Result<Vec<Incident>, Broken> {
        let mut all = incidents::list(self.db.conn(), true)?;
        all.retain(|i| self.days.has(i.opened));
        Ok(all)
    }
}

pub fn sums(played: &Played) -> Result<Sums, Broken> {
    let mut s = Sums::default();
    // Every rule stands there, those that found nothing too.
    s.rules.extend(played.policy.rules.iter().map(|r| (r.id.clone(), (0, 0))));
    for f in played.findings()? {
        s.rules.entry(f.rule).or_default().0 += 1;
    }
    for case in played.opened() {
        s.cases += 1;
        s.numbered += usize::from(case.number.is_some());
        if let Some(first) = case.grounds.first() {
            s.rules.entry(first.rule.clone()).or_default().1 += 1;
        }
    }
    let (conn, vault) = (played.db.conn(), played.db.vault());
    for entry in cases::events_since(conn, &vault, played.days.start() - TimeDelta::milliseconds(1))? {
        s.relapses += usize::from(matches!(entry.event, Event::Relapsed { .. }));
    }
    for letter in played.letters()? {
        s.letters += 1;
        let words = outbox::words(conn, &vault, letter.id)?;
        let segments = words.and_then(|w| sms_segments(&played.policy, &letter, &w));
        let way = s.ways.entry((letter.channel.clone(), letter.role.clone())).or_default();
        way.0 += 1;
        if let Some(n) = segments {
            way.1 += n;
            s.sms += 1;
            s.segments += n;
        }
    }
    for incident in played.incidents()? {
        *s.incidents.entry(incident.kind).or_default() += 1;
    }
    Ok(s)
}
