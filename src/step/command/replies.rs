//! Replies by SMS: a known phone acknowledges, says something about its own child, or wants no more letters; and is answered.

use super::{Desk, Done, Refusal, Reply, no};
use crate::domain::case::{Case, State};
use crate::domain::ids::Word;
use crate::domain::message::casework as m;
use crate::domain::notice::{self, About, NewNotice};
use crate::step::{courier, incidents};
use crate::store::{cases, outbox};
use serde_json::json;

/// What a reply came to: whether it was obeyed, how that is said to whoever handed it in, and what the answer rests on
/// (no names: they are looked up when it is composed).
struct Understood {
    ok: bool,
    message: String,
    facts: serde_json::Value,
}

impl Desk<'_> {
    /// An SMS reply. `1` or 收到 acknowledges; a guardian's is the act `replied` and holds nothing.
    pub(super) fn reply(&self, from: &str, text: &str) -> Done {
        let words: String = unicode_normalization::UnicodeNormalization::nfkc(text).collect();
        let words = words.trim().trim_matches(['"', '\'', '“', '”', '「', '」', '。', '.']).trim().to_owned();
        let digest = self.vault.digest("address", from);
        let last: Vec<outbox::LetterRow> =
            outbox::letters_to(self.tx, &digest)?.into_iter().filter(|l| l.accepted.is_some()).collect();
        let mut letter = None;
        for l in last.iter().rev() {
            // Our own answers are no letters to be answered.
            if !outbox::notices_of(self.tx, l.id)?.iter().all(|n| n.rung == notice::REPLY) {
                letter = Some(l);
                break;
            }
        }
        let Some(letter) = letter else { return no(m::unknown_phone(self.lang)) };
        let Understood { ok, message, facts } = match self.understood(&last, letter, &words) {
            Err(Refusal::Because(why)) => Understood { ok: false, facts: json!({ "text": why }), message: why },
            understood => understood?,
        };
        self.answer(&last, facts)?;
        Ok(Reply { ok, message, decision: None })
    }

    /// The number is not theirs, or they want no letters: it is written to no more, and a contact is missing.
    fn block(&self, letter: &outbox::LetterRow) -> Result<(), Refusal> {
        outbox::bury(self.tx, &letter.digest, &letter.channel, self.now)?;
        for n in outbox::notices_of(self.tx, letter.id)? {
            let segment = match n.pupil {
                Some(p) => courier::place_of(self.tx, self.policy, p, self.now.date())?,
                None => None,
            };
            let people = notice::Surroundings {
                pupil: n.pupil,
                school: segment.as_ref().map(|s| s.0.clone()).or_else(|| n.school.clone()),
                class: segment.and_then(|s| s.1),
                ..notice::Surroundings::default()
            };
            incidents::nobody_to_reach(self.tx, self.policy, &people, &n.to.role, self.now)?;
        }
        Ok(())
    }

    /// Carries out what a known phone wrote; what is to be answered.
    fn understood(
        &self,
        letters: &[outbox::LetterRow],
        letter: &outbox::LetterRow,
        words: &str,
    ) -> Result<Understood, Refusal> {
        let done = m::done(self.lang);
        if matches!(words, "打错了" | "退订") {
            self.block(letter)?;
            return Ok(Understood { ok: true, facts: json!({ "text": done }), message: done });
        }
        let fresh = letter.accepted.is_some_and(|t| self.now - t <= chrono::TimeDelta::days(7));
        let mut parts = words.split_whitespace();
        let ack = matches!(parts.next(), Some("1" | "收到"));
        // Guardians write sentences: only digits are a number.
        let is_number = |n: &&str| letter.role != "guardian" || ack && n.bytes().all(|b| b.is_ascii_digit());
        let number = parts.next().filter(is_number).map(str::to_owned);
        let mut found: Vec<Case> = Vec::new();
        // With a number: that case, whichever letter told of it. Without: every case in the last letter.
        let asked: Vec<&outbox::LetterRow> = match number {
            Some(_) => letters.iter().collect(),
            None if fresh => vec![letter],
            None => Vec::new(),
        };
        for l in asked {
            for n in outbox::notices_of(self.tx, l.id)? {
                if let About::Case(id) = n.about
                    && let Some(c) = cases::get(self.tx, self.vault, id)?
                    && !found.iter().any(|f| f.id == c.id)
                {
                    found.push(c);
                }
            }
        }
        if let Some(number) = &number {
            found.retain(|c| c.number.as_ref().is_some_and(|n| n.ends_with(number.as_str())));
        }
        if letter.role == "guardian" {
            for c in &found {
                let kind = Word::new("replied");
                self.act(&c.id.to_string(), &kind, None, self.now.date(), "guardian", None)?;
            }
            let cases: Vec<_> = found.iter().map(|c| json!({ "case": c.id, "done": true })).collect();
            return Ok(Understood { ok: true, facts: json!({ "text": done, "cases": cases }), message: done });
        }
        if !ack || found.is_empty() {
            let message = m::reply_not_understood(self.lang);
            return Ok(Understood { ok: false, facts: json!({ "text": message }), message });
        }
        let words = outbox::words(self.tx, self.vault, letter.id)?;
        let by = words.map(|w| w.name).unwrap_or_default();
        let (mut refused, mut cases_said) = (None, Vec::new());
        for c in found.iter().filter(|c| c.state == State::Open) {
            match self.acknowledge(&c.id.to_string(), &by, Some(&letter.role)) {
                Ok(_) => cases_said.push(json!({ "case": c.id, "done": true })),
                Err(Refusal::Because(why)) => {
                    // Who has it and since when is the answer; any other refusal speaks for itself.
                    if c.ack.is_some() && why == self.taken_on(c) {
                        cases_said.push(json!({ "case": c.id, "done": false }));
                    }
                    refused = Some(why);
                }
                Err(e) => return Err(e),
            }
        }
        let ok = refused.is_none();
        let text = refused.as_ref().filter(|_| cases_said.is_empty()).unwrap_or(&done);
        let facts = json!({ "text": text, "cases": cases_said });
        Ok(Understood { ok, facts, message: refused.unwrap_or(done) })
    }

    /// The answer to a known phone, by the way by which it was told: at once, at most five a day.
    fn answer(&self, letters: &[outbox::LetterRow], mut facts: serde_json::Value) -> Result<(), Refusal> {
        const A_DAY: usize = 5;
        let Some(letter) = letters.last() else { return Ok(()) };
        let mut answered = 0;
        for l in letters.iter().filter(|l| l.claimed.date() == self.now.date()) {
            let notices = outbox::notices_of(self.tx, l.id)?;
            answered += usize::from(notices.iter().any(|n| n.rung == notice::REPLY));
        }
        let told = outbox::notices_of(self.tx, letter.id)?;
        let Some(n) = told.first().filter(|_| answered < A_DAY) else { return Ok(()) };
        let before = outbox::of_subject(self.tx, n.about)?;
        let telling = before.iter().filter(|b| b.rung == notice::REPLY).map(|b| b.telling + 1).max().unwrap_or(0);
        facts["to_letter"] = json!(letter.id);
        let new = NewNotice {
            about: n.about,
            pupil: n.pupil,
            school: n.school.clone(),
            ladder: None,
            rung: notice::REPLY.into(),
            telling,
            to: n.to.clone(),
            via: vec![letter.channel.clone()],
            template: None,
            document: None,
            statutory: false,
            urgent: false,
            due: self.now,
            held: false,
            facts,
        };
        outbox::make(self.tx, &new, self.now)?;
        Ok(())
    }
}
