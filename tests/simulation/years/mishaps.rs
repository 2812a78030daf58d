//! What goes wrong in a year beside the files, at instants that are drawn beforehand: gateways, the machine, restarts; and
//! what people do.

use super::files::{Export, at};
use super::life::Pupil;
use kongchuo::domain::ids::{ChannelId, SourceId};
use kongchuo::domain::{Date, Time};
use kongchuo::drive::township::Chance;
use kongchuo::drive::world::{Command, Death, Delivery, Does, Happening};

pub type Script = Vec<(Time, Happening)>;

#[derive(Default)]
pub struct Mishaps {
    /// Channel, from, to.
    pub outages: Vec<(&'static str, Time, Time)>,
    pub sleeps: Vec<(Time, Time)>,
    /// When the clock on the wall is set back.
    pub jumps: Vec<Time>,
    pub restarts: u64,
}

pub fn deliveries(exports: &[Export]) -> Script {
    exports
        .iter()
        .map(|e| {
            let delivery = Delivery {
                source: SourceId::from(e.source.as_str()),
                file_name: e.file_name.clone(),
                in_our_words: false,
                confirm: false,
                bytes: e.bytes.clone(),
                modified: e.written,
            };
            (e.at, Happening::Delivery(delivery))
        })
        .collect()
}

/// Draws a year's mishaps and writes them into the script.
pub fn draw(days: &[Date], pupils: &[Pupil], chance: &mut Chance, script: &mut Script) -> Mishaps {
    let mut all = Mishaps::default();
    for p in pupils.iter().filter(|p| p.dead_phone) {
        let address = Some(p.phones[0].clone());
        let dead = Happening::Gateway { channel: ChannelId::from("sms"), address, does: Does::BadAddress };
        script.push((at(days[0], 0), dead));
    }
    // In the last days nothing goes wrong, or what it delayed would not be seen.
    for day in &days[..days.len() - 6] {
        let any = |chance: &mut Chance| at(*day, chance.below(24 * 60) as u32);
        let working = |chance: &mut Chance| at(*day, 7 * 60 + chance.below(12 * 60) as u32);
        if chance.below(5) == 0 {
            let channel = *chance.pick(&["sms", "email"]);
            let (does, minutes) = *chance.pick(&[
                // Longer, and the eighth attempt would be the last.
                (Does::Fail, 25),
                (Does::Slow, 240),
                (Does::HangUp, 240),
                (Does::RefuseLogin, 480),
                (Does::Undelivered, 120),
            ]);
            let from = working(chance);
            let to = from + chrono::TimeDelta::minutes(5 + chance.below(minutes) as i64);
            if all.outages.iter().all(|(c, _, before)| *c != channel || *before < from) {
                all.outages.push((channel, from, to));
                let gateway = |does| Happening::Gateway { channel: ChannelId::from(channel), address: None, does };
                script.push((from, gateway(does)));
                script.push((to, gateway(Does::Work)));
            }
        }
        if chance.below(30) == 0 {
            let from = any(chance);
            let to = from + chrono::TimeDelta::minutes(30 + chance.below(50 * 60) as i64);
            if all.sleeps.iter().all(|(_, before)| *before < from) {
                all.sleeps.push((from, to));
                script.push((from, Happening::AsleepUntil(to)));
            }
        }
        if chance.below(12) == 0 {
            let death = *chance.pick(&[Death::Now, Death::BeforeSend, Death::BeforeSettle]);
            all.restarts += 1;
            script.push((any(chance), Happening::Restart(death)));
        }
        if chance.below(50) == 0 {
            all.jumps.push(working(chance));
        }
        if chance.below(3) == 0 {
            let pupil = chance.pick(pupils).student_no();
            let (by, role) = ("李老师".to_owned(), Some("homeroom".into()));
            let command = match chance.below(3) {
                0 => Command::Acknowledge { pupil, by, role },
                1 => Command::Act { pupil, kind: "visit".into(), result: None, date: Some(*day), by, note: None },
                _ => Command::Act { pupil, kind: "call".into(), result: None, date: Some(*day), by, note: None },
            };
            script.push((at(*day, 11 * 60 + chance.below(300) as u32), Happening::Command(command)));
        }
    }
    all
}
