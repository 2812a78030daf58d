//! Incident: something is wrong with the machinery itself. Open exactly while its condition holds (cases.md §5).

use super::Time;
use super::case::Climb;
use super::ids::{IncidentId, SchoolId};
use serde::{Deserialize, Serialize};

pub const EXPORT_OVERDUE: &str = "export_overdue";
pub const EXPORT_HELD: &str = "export_held";
pub const EXPORT_REJECTED: &str = "export_rejected";
pub const ROSTER_SHRUNK: &str = "roster_shrunk";
pub const UNKNOWN_PUPILS: &str = "unknown_pupils";
pub const EXEMPTION_ENDS: &str = "exemption_ends";
pub const CALENDAR_UNKNOWN: &str = "calendar_unknown";
pub const MASS_ABSENCE: &str = "mass_absence";
pub const CONTACT_MISSING: &str = "contact_missing";
pub const CHANNEL_DOWN: &str = "channel_down";
pub const LADDER_EXHAUSTED: &str = "ladder_exhausted";
pub const CASE_FOR_REVIEW: &str = "case_for_review";
pub const LETTERS_STUCK: &str = "letters_stuck";
pub const LADDER_OVERDUE: &str = "ladder_overdue";
pub const POLICY_REJECTED: &str = "policy_rejected";
pub const CLOCK_JUMPED: &str = "clock_jumped";
/// What the nightly audit found to be wrong in the database itself.
pub const AUDIT_FAILED: &str = "audit_failed";
pub const DISK_LOW: &str = "disk_low";
pub const BACKUP_OLD: &str = "backup_old";

/// What an incident remembers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Body {
    pub climb: Option<Climb>,
    /// Counts, dates, a source's file problems: what letters and `incidents` tell. No personal data.
    pub detail: serde_json::Value,
    /// `mass_absence`: the hold is over (released, ended by itself, nothing held).
    #[serde(default)]
    pub released: Option<Time>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Incident {
    pub id: IncidentId,
    pub kind: String,
    pub subject: String,
    pub school: Option<SchoolId>,
    pub opened: Time,
    pub closed: Option<Time>,
    pub body: Body,
}

/// A condition that holds now: there must be one open incident for it, and none without it.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    pub kind: String,
    pub subject: String,
    pub school: Option<SchoolId>,
    pub detail: serde_json::Value,
    /// The ladder it climbs (a class or school rule's own), else `operations`.
    pub ladder: Option<super::ids::LadderId>,
}
