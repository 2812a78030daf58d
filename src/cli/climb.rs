//! The climb of a case as a list: past rungs with what became of them (to whom, when, by which channel), rungs to come with
//! their times and what would change them, marks and their clocks.

use super::CliError;
use super::explain::Known;
use super::ledger::Ledger;
use super::shown::{Past, Shown};
use super::table::{PAGE, wrapped};
use crate::domain::case::{Case, Climb, State};
use crate::domain::finding::Unit;
use crate::domain::ladder::{self, Footing, Planned};
use crate::domain::message::{ledger as names, rules, shell as say};
use crate::domain::notice::NoticeState;
use crate::domain::policy::{Anchor, Ladder, Rung, Unless};
use crate::domain::ratio::Ratio;
use crate::domain::words::say_time;
use crate::domain::{Time, casework, climbing};
use crate::step::ladder_by_hash;
use crate::step::mass::hold_ends;
use crate::store::incidents;
use chrono::Days;
use serde_json::{Value, json};

/// One rung to come, for one role.
struct Ahead {
    rung: String,
    role: Option<crate::domain::ids::Role>,
    telling: u32,
    at: Option<Time>,
    statutory: bool,
    /// What it waits for, where it has no time.
    waits: Option<String>,
    /// What would change it, and why it goes when it goes.
    notes: Vec<String>,
}

impl Known<'_> {
    fn footing(&self) -> Footing<'_> {
        let segment = self.built.roster.at(self.pupil, self.today());
        Footing { calendar: &self.ready.calendar, place: segment.map(|s| (&s.school_id, s.grade, s.class.as_ref())) }
    }

    fn ladder(&self, hash: &str) -> Option<Ladder> {
        ladder_by_hash(self.db.conn(), &self.town.policy, hash)
    }

    /// What is still to be told, with times; nothing while the case stands still.
    fn planned(&self, case: &Case, climb: &Climb, ladder: &Ladder) -> Vec<Planned> {
        if case.state != State::Open {
            return Vec::new();
        }
        let anchors = climbing::anchors(case, climb);
        let waits = climbing::waits(case, climb);
        ladder::plan(&self.footing(), climb, ladder, &anchors, waits, &self.town.policy.contacts)
    }

    fn ahead(&self, ledger: &Ledger, case: &Case, climb: &Climb, ladder: &Ladder) -> Vec<Ahead> {
        let planned = self.planned(case, climb, ladder);
        let mut out: Vec<Ahead> = Vec::new();
        for p in &planned {
            let Some(rung) = ladder.rungs.iter().find(|r| r.id == p.rung) else { continue };
            out.push(Ahead {
                rung: p.rung.to_string(),
                role: Some(p.role.clone()),
                telling: p.telling,
                at: Some(p.at),
                statutory: p.statutory,
                waits: None,
                notes: self.notes(ledger, case, ladder, rung, p),
            });
        }
        if case.state != State::Open {
            return out;
        }
        let anchors = climbing::anchors(case, climb);
        for rung in &ladder.rungs {
            let told = climb.rungs.get(&rung.id);
            if planned.iter().any(|p| p.rung == rung.id) || told.is_some_and(|s| !s.tellings.is_empty()) {
                continue;
            }
            let waits = if told.is_some_and(|s| s.cancelled) {
                say::was_cancelled(self.lang())
            } else if ladder::due_of(&self.footing(), climb, &anchors, &rung.at).is_some() {
                say::waits_for(self.lang(), say::waits_leave(self.lang()))
            } else {
                say::waits_for(self.lang(), self.anchor(ledger, rung))
            };
            for role in &rung.to {
                out.push(Ahead {
                    rung: rung.id.to_string(),
                    role: Some(role.clone()),
                    telling: 0,
                    at: None,
                    statutory: rung.statutory,
                    waits: Some(waits.clone()),
                    notes: self.conditions(ledger, rung),
                });
            }
        }
        out
    }

    fn anchor(&self, ledger: &Ledger, rung: &Rung) -> String {
        let lang = self.lang();
        match &rung.at.anchor {
            Anchor::Start => say::waits_leave(lang),
            Anchor::Level(level) => say::waits_level(lang, level),
            Anchor::Act(kind) => say::waits_act(lang, ledger.phrases().act_word(kind)),
            Anchor::Served(document) => {
                let after = say::after(lang, rung.at.after);
                say::waits_served(lang, names::document(lang, document.as_str()), after)
            }
            Anchor::Mark(mark) => say::waits_mark(lang, names::mark(lang, mark.as_str())),
            Anchor::Rung(rung) => say::waits_rung(lang, rung),
        }
    }

    /// What stands in the ladder beside a rung.
    fn conditions(&self, ledger: &Ledger, rung: &Rung) -> Vec<String> {
        let lang = self.lang();
        let mut out: Vec<String> = Vec::new();
        if rung.statutory {
            out.push(say::statutory(lang));
        }
        out.extend(rung.document.as_ref().map(|d| say::with_document(lang, names::document(lang, d.as_str()))));
        if !rung.statutory {
            out.extend(rung.unless.iter().map(|u| match u {
                Unless::Acknowledged => say::not_if_acknowledged(lang),
                Unless::Act { kind, result } => {
                    let act = crate::domain::rule::ast::ActMatch {
                        kinds: vec![kind.clone()],
                        results: result.iter().cloned().collect(),
                    };
                    say::not_if_act(lang, ledger.phrases().acts(&act))
                }
            }));
        }
        out
    }

    fn notes(&self, ledger: &Ledger, case: &Case, ladder: &Ladder, rung: &Rung, p: &Planned) -> Vec<String> {
        let lang = self.lang();
        let mut out = self.conditions(ledger, rung);
        if let Some(repeat) = ladder.repeat.as_ref().filter(|_| p.telling > 0) {
            out.push(say::attempt(lang, p.telling, repeat.times));
        }
        let offices = &self.town.policy.contacts.offices;
        let waits_for_ack = case.ack.as_ref().filter(|a| !rung.statutory && !ladder.urgent && p.due < a.until);
        match waits_for_ack {
            Some(ack) if p.at >= ack.until => {
                out.push(say::put_off_by(lang, ledger.person(&ack.by), say_time(p.due)));
            }
            _ if p.due < p.at => out.push(say::due_was(lang, say_time(p.due))),
            _ => {}
        }
        let duty = rung.statutory && (p.role == "home_township" || offices.contains_key(p.role.as_str()));
        if case.held.is_some() && !duty && !ladder.urgent {
            out.push(match self.hold_ends(case) {
                Some(at) => say::goes_after_hold_until(lang, say_time(at)),
                None => say::goes_after_hold(lang),
            });
        }
        out
    }

    fn hold_ends(&self, case: &Case) -> Option<Time> {
        let incident = incidents::get(self.db.conn(), case.held?).ok().flatten()?;
        Some(hold_ends(&self.town.policy, &self.ready.calendar, &incident))
    }

    /// What would change all of them at once.
    fn changes(&self, ledger: &Ledger, case: &Case, ladder: &Ladder) -> Vec<String> {
        let lang = self.lang();
        let leading = casework::leading_ladder(case, &|hash| self.ladder(hash));
        let leads = leading.as_ref().unwrap_or(ladder);
        let n = leads.return_days.max(1);
        let days = rules::attended_days(lang, usize::try_from(n).unwrap_or(usize::MAX));
        let footing = self.footing();
        let before = self.first - Days::new(1);
        let mut out = vec![match footing.ends_within(before, n) {
            true => say::stops_on_return_some_day(lang, days),
            false => say::stops_on_return(lang, days, ledger.phrases().date(footing.add_school_days(before, n))),
        }];
        if case.paused {
            out.push(say::paused_by_leave(lang));
        }
        let taken_on = case.ack.as_ref().filter(|a| a.until > self.now);
        if let Some(ack) = leads.acknowledge.as_ref().filter(|_| !ladder.urgent) {
            if let Some(now) = taken_on {
                if !now.prolonged {
                    out.push(say::acts_prolong(lang, ledger.person(&now.by), say::after(lang, ack.holds)));
                }
                return out;
            }
            let roles: Vec<String> = ack.by.iter().map(|r| ledger.role(r)).collect();
            if !roles.is_empty() {
                let roles = roles.join(rules::comma(lang));
                out.push(say::put_off_by_taking_on(lang, roles, say::after(lang, ack.holds)));
            }
        }
        out
    }

    /// Marks with their clocks: (mark, since when, when it will be, what is said of it).
    fn marks(&self, case: &Case, climb: &Climb, ladder: &Ladder) -> Vec<(String, Option<Time>, Option<Time>, String)> {
        let lang = self.lang();
        let line = |rule: &crate::domain::policy::MarkRule| {
            let mark = names::mark(lang, rule.mark.as_str());
            if let Some(since) = case.marks.get(&rule.mark) {
                return (rule.mark.to_string(), Some(*since), None, say::marked_since(lang, mark, say_time(*since)));
            }
            if case.state != State::Open {
                return (rule.mark.to_string(), None, None, say::mark_stands(lang, mark));
            }
            match climbing::mark_at(&self.footing(), case, climb, rule) {
                Some(at) => (rule.mark.to_string(), None, Some(at), say::marked_at(lang, mark, say_time(at))),
                None => {
                    let said = match &rule.at.anchor {
                        Anchor::Level(level) => say::marked_after(lang, mark, say::waits_level(lang, level)),
                        Anchor::Mark(other) if !case.first_marked.contains_key(other) => {
                            let other = names::mark(lang, other.as_str());
                            say::marked_after(lang, mark, say::waits_mark(lang, other))
                        }
                        _ => say::mark_stands(lang, mark),
                    };
                    (rule.mark.to_string(), None, None, said)
                }
            }
        };
        ladder.marks.iter().map(line).collect()
    }

    /// What became of a rung that was passed: its outcome, and the letters that carried it.
    fn outcome(&self, ledger: &Ledger, climb: &Climb, p: &Past) -> String {
        let lang = self.lang();
        let mut states = Vec::new();
        let mut letters: Vec<String> = Vec::new();
        for (notice, carried) in ledger.of_rung(&climb.ladder, &p.rung, p.telling, &p.role) {
            states.push(notice.state);
            for l in carried {
                let channel = names::channel(lang, l.channel.as_str());
                let said = say::out_letter(lang, channel, l.id, say::letter_state(lang, &l.state));
                if !letters.contains(&said) {
                    letters.push(said);
                }
            }
        }
        let all = |s: NoticeState| !states.is_empty() && states.iter().all(|x| *x == s);
        let word = match p.outcome {
            "sent" => say::out_sent(lang),
            "skipped" => return say::out_skipped(lang, p.why.as_deref().unwrap_or_default()),
            "unreachable" => return say::out_unreachable(lang),
            _ if all(NoticeState::GivenUp) => say::out_failed(lang),
            _ if all(NoticeState::Cancelled) => say::out_cancelled(lang),
            _ if states.contains(&NoticeState::Held) => say::out_held(lang),
            _ => say::out_noticed(lang),
        };
        if letters.is_empty() { word } else { word + rules::semicolon(lang) + &letters.join(rules::comma(lang)) }
    }

    /// Past and future of every climb into a line of JSON.
    pub fn put_climbs(&self, line: &mut Value, shown: &Shown, ledger: &Ledger, case: &Case) -> Result<(), CliError> {
        let (mut past, mut future, mut changes, mut marks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for climb in &case.climbs {
            for p in shown.past(case, climb.ladder.as_str())? {
                let mut letters = Vec::new();
                let mut notices = Vec::new();
                for (notice, carried) in ledger.of_rung(&climb.ladder, &p.rung, p.telling, &p.role) {
                    notices.push(json!({"notice": notice.id.to_string(), "state": notice.state}));
                    letters.extend(carried.iter().map(
                        |l| json!({"letter": l.id.to_string(), "channel": l.channel, "state": l.state, "why": l.why}),
                    ));
                }
                letters.dedup();
                past.push(json!({"ladder": climb.ladder, "rung": p.rung, "telling": p.telling, "role": p.role,
                    "at": shown.time(p.at), "outcome": p.outcome, "reason": p.why, "notices": notices,
                    "letters": letters, "text": self.outcome(ledger, climb, &p)}));
            }
            let Some(ladder) = self.ladder(&climb.hash) else { continue };
            for a in self.ahead(ledger, case, climb, &ladder) {
                let mut one = json!({"ladder": climb.ladder, "rung": a.rung, "telling": a.telling, "role": a.role,
                    "at": a.at.map(|at| shown.time(at)), "statutory": a.statutory, "notes": a.notes});
                if let Some(waits) = a.waits {
                    one["waits_for"] = waits.into();
                }
                future.push(one);
            }
            if case.state == State::Open {
                changes.push(json!({"ladder": climb.ladder, "text": self.changes(ledger, case, &ladder)}));
            }
            for (mark, since, at, text) in self.marks(case, climb, &ladder) {
                let time = |t: Option<Time>| t.map(|t| shown.time(t));
                marks.push(
                    json!({"ladder": climb.ladder, "mark": mark, "since": time(since), "at": time(at), "text": text}),
                );
            }
        }
        line["past"] = past.into();
        line["future"] = future.into();
        line["changes"] = changes.into();
        line["mark_clocks"] = marks.into();
        Ok(())
    }

    pub fn climbs_text(&self, shown: &Shown, ledger: &Ledger, case: &Case) -> Result<String, CliError> {
        let mut out = String::new();
        for climb in &case.climbs {
            out += &self.climb_text(shown, ledger, case, climb)?;
        }
        Ok(out)
    }

    fn climb_text(&self, shown: &Shown, ledger: &Ledger, case: &Case, climb: &Climb) -> Result<String, CliError> {
        let lang = self.lang();
        let title = ledger.ladder_title(&climb.ladder);
        let mut out = format!("  {}\n", say::head_past(lang, &title));
        let past = shown.past(case, climb.ladder.as_str())?;
        if past.is_empty() {
            out += &format!("    {}\n", say::nothing_past(lang));
        }
        for p in &past {
            let role = format!("{} ({})  ", ledger.role(&p.role), p.rung);
            out += &wrapped(&format!("    {}  ", say_time(p.at)), &(role + &self.outcome(ledger, climb, p)), PAGE);
        }
        out += &format!("  {}\n", say::head_future(lang, &title));
        let bullet = |text: &str| wrapped("    ", text, PAGE);
        let Some(ladder) = self.ladder(&climb.hash) else { return Ok(out) };
        if case.state != State::Open {
            out += &bullet(&say::stands_still(lang, say::case_state(lang, case.state)));
            if let Some(until) = case.watch_until.filter(|_| case.state == State::Watching) {
                let leading = casework::leading_ladder(case, &|hash| self.ladder(hash)).unwrap_or(ladder);
                let of = ledger.phrases().of(&leading.watch.relapse_of);
                let days = Ratio::whole(leading.watch.relapse_days.into());
                let days = rules::count(lang, Unit::Days, false, days);
                out += &bullet(&say::watched(lang, ledger.phrases().date(until), of, days));
            }
            return Ok(out);
        }
        let ahead = self.ahead(ledger, case, climb, &ladder);
        if !ahead.is_empty() {
            for line in self.changes(ledger, case, &ladder) {
                out += &wrapped("    · ", &line, PAGE);
            }
        }
        if ahead.is_empty() {
            out += &bullet(&say::nothing_to_come(lang));
        }
        for a in &ahead {
            let time = a.at.map_or_else(|| "-".repeat(16), say_time);
            let role = a.role.as_ref().map_or_else(String::new, |r| ledger.role(r));
            let notes: Vec<String> = a.waits.iter().chain(&a.notes).cloned().collect();
            let what = format!("{role} ({})  {}", a.rung, notes.join(rules::semicolon(lang)));
            out += &wrapped(&format!("    {time}  "), &what, PAGE);
        }
        let ended = climb.exhausted.map(|at| say::exhausted_at(lang, say_time(at)));
        if let Some(ended) = ended.or_else(|| climb.ended.map(|at| say::ended_at(lang, say_time(at)))) {
            out += &bullet(&ended);
        }
        let marks = self.marks(case, climb, &ladder);
        if !marks.is_empty() {
            out += &format!("  {}\n", say::head_marks(lang));
        }
        for (.., said) in marks {
            out += &bullet(&said);
        }
        Ok(out)
    }
}
