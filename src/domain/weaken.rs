//! What a change of policy weakens (cases.md §6): a threshold raised, a rung or rule removed, a recipient dropped. The
//! township and the education office read it; nobody can quietly switch an alarm off.

use super::ids::{RuleId, RungId};
use super::message::{Lang, casework as words};
use super::policy::Ladder;
use super::rule::ast::{Amount, Cond, Rule, Threshold};
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Weakening {
    RuleRemoved { rule: RuleId },
    RuleLoosened { rule: RuleId },
    LevelLowered { rule: RuleId, from: u8, to: u8 },
    ThresholdRaised { rule: RuleId, from: String, to: String },
    LadderRemoved { ladder: String },
    RungRemoved { ladder: String, rung: RungId },
    RecipientDropped { ladder: String, rung: RungId, role: String },
    RungDelayed { ladder: String, rung: RungId },
    NotStatutory { ladder: String, rung: RungId },
}

impl Weakening {
    pub fn sentence(&self, lang: Lang) -> String {
        match self {
            Weakening::RuleRemoved { rule } => words::rule_removed(lang, rule),
            Weakening::RuleLoosened { rule } => words::rule_loosened(lang, rule),
            Weakening::LevelLowered { rule, from, to } => words::level_lowered(lang, rule, from, to),
            Weakening::ThresholdRaised { rule, from, to } => words::threshold_raised(lang, rule, from, to),
            Weakening::LadderRemoved { ladder } => words::ladder_removed(lang, ladder),
            Weakening::RungRemoved { ladder, rung } => words::rung_removed(lang, ladder, rung),
            Weakening::RecipientDropped { ladder, rung, role } => words::recipient_dropped(lang, ladder, rung, role),
            Weakening::RungDelayed { ladder, rung } => words::rung_delayed(lang, ladder, rung),
            Weakening::NotStatutory { ladder, rung } => words::not_statutory(lang, ladder, rung),
        }
    }
}

fn threshold_of(c: &Cond) -> Option<Threshold> {
    let amount = |a: &Amount| match a {
        Amount::Days(t)
        | Amount::CalendarDays(t)
        | Amount::Weeks(t)
        | Amount::Months(t)
        | Amount::Sessions(t)
        | Amount::Lessons(t)
        | Amount::Hours(t)
        | Amount::Periods(t)
        | Amount::Spells(t) => *t,
    };
    Some(match c {
        Cond::Consecutive { amount: a, .. }
        | Cond::Total { amount: a, .. }
        | Cond::NotRegistered { amount: a, .. }
        | Cond::OverdueReturn { amount: a }
        | Cond::LeaveStated { amount: a }
        | Cond::StillAbsent { amount: a, .. } => amount(a),
        Cond::Rate { share, .. } => *share,
        Cond::Unlisted { days } | Cond::NotArrived { days } => *days,
        _ => return None,
    })
}

/// The same condition with another threshold: (old, new).
fn thresholds<'a>(old: &'a Cond, new: &'a Cond, out: &mut Vec<(Threshold, Threshold)>) -> bool {
    match (old, new) {
        (Cond::All(a), Cond::All(b)) | (Cond::Any(a), Cond::Any(b)) if a.len() == b.len() => {
            a.iter().zip(b).all(|(x, y)| thresholds(x, y, out))
        }
        _ if old == new => true,
        _ => match (threshold_of(old), threshold_of(new)) {
            (Some(a), Some(b)) if std::mem::discriminant(old) == std::mem::discriminant(new) => {
                out.push((a, b));
                true
            }
            _ => false,
        },
    }
}

fn rules(old: &[Rule], new: &[Rule], out: &mut Vec<Weakening>) {
    for o in old {
        let Some(n) = new.iter().find(|n| n.id == o.id) else {
            out.push(Weakening::RuleRemoved { rule: o.id.clone() });
            continue;
        };
        if n.hash == o.hash {
            continue;
        }
        if n.level < o.level {
            out.push(Weakening::LevelLowered { rule: o.id.clone(), from: o.level, to: n.level });
        }
        if o.ladder.is_some() && n.ladder.is_none() {
            out.push(Weakening::RuleLoosened { rule: o.id.clone() });
        }
        let mut pairs = Vec::new();
        let comparable = thresholds(&o.when, &n.when, &mut pairs);
        for (a, b) in &pairs {
            if b.n > a.n || b.n == a.n && b.over && !a.over {
                let (from, to) = (a.n.to_string(), b.n.to_string());
                out.push(Weakening::ThresholdRaised { rule: o.id.clone(), from, to });
            }
        }
        // What cannot be compared is told: whether it weakens is for people to judge.
        let narrowed = o.filter != n.filter || o.effective_from != n.effective_from || o.effective_to != n.effective_to;
        if !comparable || narrowed {
            out.push(Weakening::RuleLoosened { rule: o.id.clone() });
        }
    }
}

fn ladders(old: &[Ladder], new: &[Ladder], out: &mut Vec<Weakening>) {
    for o in old {
        let Some(n) = new.iter().find(|n| n.id == o.id) else {
            out.push(Weakening::LadderRemoved { ladder: o.id.to_string() });
            continue;
        };
        for rung in &o.rungs {
            let (ladder, id) = (o.id.to_string(), rung.id.clone());
            let Some(now) = n.rungs.iter().find(|r| r.id == rung.id) else {
                out.push(Weakening::RungRemoved { ladder, rung: id });
                continue;
            };
            for role in rung.to.iter().filter(|r| !now.to.contains(r)) {
                let role = role.to_string();
                out.push(Weakening::RecipientDropped { ladder: ladder.clone(), rung: id.clone(), role });
            }
            if rung.statutory && !now.statutory {
                out.push(Weakening::NotStatutory { ladder: ladder.clone(), rung: id.clone() });
            }
            if rung.at != now.at {
                out.push(Weakening::RungDelayed { ladder, rung: id });
            }
        }
    }
}

/// What the new policy alarms less about than the old one.
pub fn difference(old: (&[Rule], &[Ladder]), new: (&[Rule], &[Ladder])) -> Vec<Weakening> {
    let mut out = Vec::new();
    rules(old.0, new.0, &mut out);
    ladders(old.1, new.1, &mut out);
    out
}
