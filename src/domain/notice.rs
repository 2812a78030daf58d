//! Notice: an obligation (this recipient must be told this), and whom a role means for a pupil. How notices become
//! letters is `compose`'s business.

use super::ids::{CaseId, ChannelId, IncidentId, LadderId, NoticeId, PupilId, Role, RungId, SchoolId, Word};
use super::policy::{Contacts, HomeTownship, Person, Policy};
use super::{Date, Time};
use serde::{Deserialize, Serialize};

/// What a notice is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    Case(CaseId),
    Incident(IncidentId),
    /// Morning reports, weakening letters, digests: by date.
    Township(Date),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    Waiting,
    Held,
    Told,
    GivenUp,
    Cancelled,
}

impl NoticeState {
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeState::Waiting => "waiting",
            NoticeState::Held => "held",
            NoticeState::Told => "told",
            NoticeState::GivenUp => "given_up",
            NoticeState::Cancelled => "cancelled",
        }
    }
}

/// Whom a notice is for: a role, the office or list it stands in, and the place in it. The same person reached by two
/// roles of one rung (`township_government` and a `home_township` that is ours) is one recipient.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Recipient {
    pub role: Role,
    /// `guardian`, `homeroom`, an office's id, `home:CODE`, `home-education:CODE`.
    pub office: String,
    /// Index within the office; 0 for roles that are one person at a time.
    pub person: u32,
}

impl Recipient {
    pub fn same_person(&self, o: &Recipient) -> bool {
        self.office == o.office && self.person == o.person
    }
    pub fn is_guardian(&self) -> bool {
        self.office == "guardian"
    }
}

/// A recipient with the people behind it, in the order in which they are tried. No `Debug`: names and numbers.
#[derive(Clone)]
pub struct Reachable {
    pub recipient: Recipient,
    pub contacts: Vec<Person>,
}

/// What is needed of a pupil to find people: contacts of now, class and school of now.
#[derive(Clone, Default)]
pub struct Surroundings {
    pub pupil: Option<PupilId>,
    pub school: Option<SchoolId>,
    pub class: Option<super::ids::ClassName>,
    pub guardians: Vec<Person>,
    /// Code or name; empty means ours.
    pub household_township: Option<String>,
}

/// Everybody a role means (cases.md §3, "Recipients"). Empty: the role has nobody here.
pub fn resolve(policy: &Policy, role: &Role, around: &Surroundings) -> Vec<Reachable> {
    let one = |office: &str, people: Vec<Person>| -> Vec<Reachable> {
        if people.is_empty() {
            return Vec::new();
        }
        let recipient = Recipient { role: role.clone(), office: office.to_owned(), person: 0 };
        vec![Reachable { recipient, contacts: people }]
    };
    match role.as_str() {
        "guardian" => one("guardian", around.guardians.clone()),
        "homeroom" => {
            let person = around
                .school
                .as_ref()
                .and_then(|s| policy.school(s))
                .and_then(|s| around.class.as_ref().and_then(|c| s.homerooms.get(c)));
            one("homeroom", person.cloned().into_iter().collect())
        }
        "home_township" => home(policy, role, around),
        _ => {
            let school = around.school.as_ref().and_then(|s| policy.school(s));
            if let Some(p) = school.and_then(|s| s.contacts.get(role)) {
                return one(role.as_str(), vec![p.clone()]);
            }
            office(&policy.contacts, role, role.as_str())
        }
    }
}

/// The recipient is one of an office's people: what the law demands of it is held by nobody.
pub fn is_office(policy: &Policy, to: &Recipient) -> bool {
    policy.contacts.offices.contains_key(to.office.as_str()) || to.office.starts_with("home") && to.office.contains(':')
}

fn people(role: &Role, office: &str, list: &[Person]) -> Vec<Reachable> {
    list.iter()
        .enumerate()
        .map(|(i, p)| Reachable {
            recipient: Recipient {
                role: role.clone(),
                office: office.to_owned(),
                person: u32::try_from(i).unwrap_or(0),
            },
            contacts: vec![p.clone()],
        })
        .collect()
}

fn office(contacts: &Contacts, role: &Role, id: &str) -> Vec<Reachable> {
    contacts.offices.get(id).map(|o| people(role, id, &o.people)).unwrap_or_default()
}

/// The township in which a pupil's household is registered.
pub enum Home<'p> {
    /// Ours, or nothing is written.
    Ours,
    /// One of `home_townships`, with its code.
    Other(&'p str, &'p HomeTownship),
    Unknown,
}

/// Whose household township is meant by a code (a village's begins with its township's) or a name, with or without the
/// county before it and the kind of office behind it.
pub fn home_of<'p>(policy: &'p Policy, written: &str) -> Home<'p> {
    use unicode_normalization::UnicodeNormalization;
    let written: String = written.nfkc().filter(|c| !c.is_whitespace()).collect();
    let ours = [policy.township.code.as_str(), policy.township.name.as_str()];
    if written.is_empty() || ours.iter().any(|name| is_same_township(&written, name)) {
        return Home::Ours;
    }
    let named = |(code, h): &(&'p String, &HomeTownship)| {
        [code.as_str(), &h.office.name].iter().any(|n| is_same_township(&written, n))
    };
    match policy.contacts.home_townships.iter().find(named) {
        Some((code, h)) => Home::Other(code, h),
        None => Home::Unknown,
    }
}

fn is_same_township(written: &str, known: &str) -> bool {
    let bare = |name: &str| {
        let name = name.strip_suffix("人民政府").or_else(|| name.strip_suffix("政府")).unwrap_or(name);
        name.strip_suffix("办事处").unwrap_or(name).to_owned()
    };
    let is_code = |name: &str| name.len() >= 9 && name.bytes().all(|b| b.is_ascii_digit());
    if is_code(written) && is_code(known) {
        return written[..9] == known[..9];
    }
    // 秋水县秋水镇 is 秋水镇; 东秋水镇 is another.
    let within = |long: &str, short: &str| {
        let before = long.strip_suffix(short).filter(|_| !short.is_empty());
        before.is_some_and(|b| b.is_empty() || b.ends_with(['省', '市', '州', '县', '区', '旗', '盟']))
    };
    let (written, known) = (bare(written), bare(known));
    let begins = written.chars().count() >= 2 && known.starts_with(&written);
    begins || within(&written, &known) || within(&known, &written)
}

/// The office of the household township and the education office there; ours if it is ours or not known.
fn home(policy: &Policy, role: &Role, around: &Surroundings) -> Vec<Reachable> {
    match home_of(policy, around.household_township.as_deref().unwrap_or_default()) {
        Home::Other(code, h) => {
            let mut out = people(role, &format!("home:{code}"), &h.office.people);
            if let Some(e) = &h.education_office {
                out.extend(people(role, &format!("home-education:{code}"), &e.people));
            }
            out
        }
        Home::Ours | Home::Unknown => office(&policy.contacts, role, "township_government"),
    }
}

/// A way that was tried for a notice and failed for good.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tried {
    pub contact: u32,
    pub channel: ChannelId,
}

/// A notice as stored.
#[derive(Clone, Debug)]
pub struct Notice {
    pub id: NoticeId,
    pub about: About,
    pub pupil: Option<PupilId>,
    pub school: Option<SchoolId>,
    pub ladder: Option<LadderId>,
    /// A rung, or `returned`, `relapsed`, `corrected`, `mended`, `held`, `unconfirmed`, `weakened`, `reply`, `digest`, `morning`.
    pub rung: RungId,
    pub telling: u32,
    pub to: Recipient,
    pub via: Vec<ChannelId>,
    pub template: Option<String>,
    pub document: Option<Word>,
    pub statutory: bool,
    pub urgent: bool,
    pub due: Time,
    /// Not before: retries, throttles, one a day, a release in order.
    pub not_before: Option<Time>,
    /// Since when nothing forbids it.
    pub free_since: Option<Time>,
    pub state: NoticeState,
    /// Held by a person's hand: only a hand lets it go.
    pub by_hand: bool,
    pub tried: Vec<Tried>,
    /// Facts fixed when it was made (JSON; no personal data): counts, dates, a name of a rule.
    pub facts: serde_json::Value,
    pub made: Time,
    pub told: Option<Time>,
    pub told_by: Option<(u32, ChannelId)>,
}

/// A notice to be made.
#[derive(Clone, PartialEq, Debug)]
pub struct NewNotice {
    pub about: About,
    pub pupil: Option<PupilId>,
    pub school: Option<SchoolId>,
    pub ladder: Option<LadderId>,
    pub rung: RungId,
    pub telling: u32,
    pub to: Recipient,
    pub via: Vec<ChannelId>,
    pub template: Option<String>,
    pub document: Option<Word>,
    pub statutory: bool,
    pub urgent: bool,
    pub due: Time,
    pub held: bool,
    pub facts: serde_json::Value,
}

/// Telling names outside rungs.
pub const RETURNED: &str = "returned";
pub const RELAPSED: &str = "relapsed";
pub const CORRECTED: &str = "corrected";
pub const MENDED: &str = "mended";
pub const HELD: &str = "held";
pub const UNCONFIRMED: &str = "unconfirmed";
/// What an office or a school may read with the next day's mail: nobody need act on it at once.
pub const DIGEST: &str = "digest";
pub const WEAKENED: &str = "weakened";
pub const REPLY: &str = "reply";
pub const MORNING: &str = "morning";

/// Who has been told what of a case or incident: what letters outside rungs go by.
#[derive(Clone, Debug)]
pub struct Told {
    pub to: Recipient,
    pub ladder: Option<LadderId>,
    pub rung: RungId,
    pub telling: u32,
    pub told: bool,
    /// How, last.
    pub by: Option<(u32, ChannelId)>,
    pub via: Vec<ChannelId>,
}

/// Everybody told by a rung (or of a relapse), once each, with the channels to use: the last used first, then the rest.
/// (What a rehearsal put into the folder keeps the channels it would have gone by.)
pub fn told_people(told: &[Told], of: impl Fn(&Told) -> bool) -> Vec<(&Recipient, Vec<ChannelId>)> {
    let mut out: Vec<(&Recipient, Vec<ChannelId>)> = Vec::new();
    for t in told.iter().rev().filter(|t| t.told && of(t)) {
        if out.iter().any(|(r, _)| r.same_person(&t.to)) {
            continue;
        }
        let by = t.by.iter().map(|(_, c)| c.clone());
        let mut via: Vec<ChannelId> = by.filter(|c| t.via.contains(c)).collect();
        for c in &t.via {
            if !via.contains(c) {
                via.push(c.clone());
            }
        }
        out.push((&t.to, via));
    }
    out.reverse();
    out
}

/// A telling by a rung or of a relapse: what "told" means for returned and correction letters.
pub fn is_alarm(t: &Told) -> bool {
    !matches!(t.rung.as_str(), RETURNED | CORRECTED | MENDED | REPLY | UNCONFIRMED | DIGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_township_is_known_by_its_code_and_by_its_name() {
        let check = |written: &str, known: &str, want: bool| {
            assert_eq!(is_same_township(written, known), want, "{written} {known}");
        };
        check("520123105", "520123105", true);
        check("520123105000", "520123105", true);
        check("520123105201", "520123105", true);
        check("520123106", "520123105", false);
        check("秋水镇", "秋水镇人民政府", true);
        check("秋水镇人民政府", "秋水镇", true);
        check("秋水县秋水镇", "秋水镇人民政府", true);
        check("秋水镇", "秋水县秋水镇人民政府", true);
        check("秋水街道", "秋水街道办事处", true);
        check("秋水", "秋水镇人民政府", true);
        check("东秋水镇", "秋水镇人民政府", false);
        check("镇", "秋水镇人民政府", false);
        check("", "秋水镇", false);
    }
}
