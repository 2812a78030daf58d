//! The register's history as the rules read it (rules.md §1, "Register"): where a pupil is on each date, and whether they
//! are expected there. Knows nothing of attendance but which row came first on a day.

use crate::domain::Date;
use crate::domain::calendar::{Calendar, TrackId};
use crate::domain::evidence::{Decision, DecisionKind, RegisterRow, Stamp, Standing};
use crate::domain::ids::{ClassName, PupilId, SchoolId};
use crate::domain::policy::Stage;
use crate::domain::rule::ast::Sex;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A class of a school, numbered within one roster.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClassNo(pub u32);

/// What the register says about a pupil over a stretch of days.
#[derive(Clone, PartialEq, Debug)]
pub struct Segment {
    pub from: Date,
    pub to: Date,
    /// Index of the school in the policy; `None`: the register names a school that the policy lacks.
    pub school: Option<usize>,
    pub school_id: SchoolId,
    pub class: Option<ClassName>,
    pub class_no: ClassNo,
    pub grade: Option<u8>,
    pub stage: Option<Stage>,
    pub track: Option<TrackId>,
    pub expected: bool,
    /// 休学, 延缓入学, 送教上门 in force.
    pub exempt: bool,
    /// Left with 转出 on this day, and no register of the township lists them elsewhere.
    pub departed: Option<Date>,
    /// Other schools that list the pupil too (借读), and the class there.
    pub also: Vec<(usize, ClassNo)>,
    pub boarding: Option<bool>,
    pub sex: Option<Sex>,
    pub birth_date: Option<Date>,
    pub groups: Vec<String>,
}

impl Segment {
    /// The classes in which the pupil is listed, of each school that lists the pupil.
    pub fn classes(&self) -> impl Iterator<Item = ClassNo> + '_ {
        std::iter::once(self.class_no).chain(self.also.iter().map(|(_, no)| *no))
    }
}

/// One pupil's history: segments without gaps over all time.
#[derive(Clone, Debug)]
pub struct Member {
    pub pupil: PupilId,
    segments: Vec<Segment>,
    earliest: Option<Date>,
    /// Stretches of exemption: first and last day in force.
    exemptions: Vec<(Date, Date)>,
}

impl Member {
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
    pub fn at(&self, date: Date) -> &Segment {
        &self.segments[self.index_at(date)]
    }
    pub fn index_at(&self, date: Date) -> usize {
        if self.segments.len() == 1 {
            return 0;
        }
        self.segments.partition_point(|s| s.to < date).min(self.segments.len() - 1)
    }
    /// The earliest day from which the pupil was expected.
    pub fn earliest_expected(&self) -> Option<Date> {
        self.earliest
    }
    pub fn is_expected(&self, date: Date) -> bool {
        self.at(date).expected
    }
    /// The latest exemption in force on or before the date: (its last day in force up to the date, its end).
    pub fn exemption_before(&self, date: Date) -> Option<(Date, Date)> {
        self.exemptions.iter().rev().find(|(from, _)| *from <= date).map(|(_, to)| ((*to).min(date), *to))
    }
    /// The last day of the current expectation, if the register or a decision names one.
    pub fn expected_until(&self, date: Date) -> Option<Date> {
        let i = self.index_at(date);
        if !self.segments[i].expected {
            return None;
        }
        let last = self.segments[i..].iter().take_while(|s| s.expected).last()?;
        (last.to != far()).then_some(last.to)
    }
    /// The first day of the stretch of the same school that contains the date.
    pub fn same_school_since(&self, date: Date) -> Date {
        let mut i = self.index_at(date);
        while i > 0 && self.segments[i - 1].school_id == self.segments[i].school_id {
            i -= 1;
        }
        self.segments[i].from
    }
}

/// Everyone whom the registers of the schools concerned ever listed.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    members: Vec<Member>,
    classes: Vec<(SchoolId, Option<ClassName>)>,
    class_nos: HashMap<(SchoolId, Option<ClassName>), ClassNo>,
}

pub(super) fn early() -> Date {
    Date::from_ymd_opt(1900, 1, 1).expect("a date that exists")
}
pub(super) fn far() -> Date {
    Date::from_ymd_opt(9999, 12, 31).expect("a date that exists")
}
fn after(d: Date) -> Date {
    d.succ_opt().unwrap_or(d).min(far())
}
fn before(d: Date) -> Date {
    d.pred_opt().unwrap_or(d).max(early())
}

fn stated_on(r: &RegisterRow) -> Date {
    r.stamp.stated_at.date()
}
fn is_out(s: Standing) -> bool {
    s != Standing::Enrolled && !s.is_exemption()
}
/// The row says that by this day the pupil has left. One that names the day says so from the day after it on.
fn says_left(r: &RegisterRow, d: Date) -> bool {
    r.left_on.map_or(is_out(r.standing), |l| l < d)
}

/// A time at one school: expected from `from` to `to`.
struct Stay {
    from: Date,
    to: Option<Date>,
    transferred: bool,
}

/// One pupil's rows in the order of their stamps, and what must be known to read them.
struct History<'a> {
    rows: Vec<&'a RegisterRow>,
    calendar: &'a Calendar,
    exports: &'a BTreeMap<SchoolId, BTreeSet<Stamp>>,
    first_rows: &'a HashMap<(PupilId, Date), Stamp>,
    not_expected: Vec<(Date, Date)>,
}

impl History<'_> {
    /// It came before the first attendance row for the pupil on its own day.
    fn came_first(&self, r: &RegisterRow) -> bool {
        self.first_rows.get(&(r.pupil, stated_on(r))).is_none_or(|first| r.stamp < *first)
    }

    /// From its `enrolled_on` on the row gives the attributes, unless an export stated later lists the pupil elsewhere.
    fn reaches_back(&self, r: &RegisterRow, d: Date) -> bool {
        r.enrolled_on.is_some_and(|e| e <= d)
            && !says_left(r, d)
            && !self.rows.iter().any(|o| o.stamp > r.stamp && o.school != r.school && !says_left(o, d))
    }

    /// The school's latest export (or a row that reaches back) has the pupil on that day.
    fn lists(&self, school: &SchoolId, d: Date) -> bool {
        let latest = self.exports.get(school).and_then(|e| e.iter().rev().find(|s| s.stated_at.date() <= d).copied());
        self.rows.iter().any(|r| {
            r.school == *school
                && !says_left(r, d)
                && (latest.is_some_and(|l| r.stamp <= l && l <= r.through.unwrap_or(r.stamp))
                    || self.reaches_back(r, d))
        })
    }

    /// The row that gives the attributes on a day. `place`: school, grade and class, for which a row stated on the day
    /// itself counts only if it came before the first attendance row.
    fn in_force(&self, d: Date, place: bool) -> &RegisterRow {
        let stated = |r: &RegisterRow| {
            let s = stated_on(r);
            s < d || s == d && (!place || self.came_first(r))
        };
        let candidates: Vec<&RegisterRow> =
            self.rows.iter().copied().filter(|r| stated(r) || self.reaches_back(r, d)).collect();
        let Some(newest) = candidates.last() else { return self.rows[0] };
        let elsewhere = |r: &RegisterRow| {
            self.rows.iter().any(|o| o.school != r.school && !says_left(o, d)) && {
                let others: BTreeSet<&SchoolId> =
                    self.rows.iter().filter(|o| o.school != r.school).map(|o| &o.school).collect();
                others.into_iter().any(|s| self.lists(s, d))
            }
        };
        let best = candidates.iter().rev().find(|r| !(says_left(r, d) && elsewhere(r))).unwrap_or(newest);
        if stated(best) {
            return best;
        }
        // It reaches back: what its school said at the time is nearer to the day than what it says now.
        let of_school = |r: &&&RegisterRow| r.school == best.school;
        match candidates.iter().filter(of_school).rfind(|r| stated(r)) {
            Some(r) if !says_left(r, d) => r,
            Some(left) => candidates.iter().filter(of_school).find(|r| r.stamp > left.stamp).unwrap_or(best),
            None => candidates.iter().find(of_school).unwrap_or(best),
        }
    }

    fn stays(&self, school: &SchoolId) -> Vec<Stay> {
        let mut stays: Vec<Stay> = Vec::new();
        for r in self.rows.iter().filter(|r| r.school == *school) {
            let end = r.left_on.or_else(|| is_out(r.standing).then(|| before(stated_on(r))));
            match stays.last_mut() {
                None => stays.push(Stay { from: self.starts(r), to: None, transferred: false }),
                Some(stay) => match (stay.to, r.enrolled_on) {
                    (Some(to), Some(e)) if e > to => stays.push(Stay { from: e, to: None, transferred: false }),
                    // Said before the day had come: the pupil stays.
                    (Some(to), _) if end.is_none() && stated_on(r) <= to => (stay.to, stay.transferred) = (None, false),
                    (Some(_), _) if end.is_none() => {
                        stays.push(Stay { from: stated_on(r), to: None, transferred: false });
                    }
                    // A later row that names another day corrects the earlier one.
                    (_, Some(e)) => stay.from = e,
                    _ => {}
                },
            }
            if let (Some(end), Some(stay)) = (end, stays.last_mut()) {
                // A row that repeats that the pupil has left, without the day, does not move the day.
                if r.left_on.is_some() || stay.to.is_none() {
                    stay.to = Some(end);
                }
                stay.transferred = r.standing == Standing::TransferredOut;
            }
        }
        stays
    }

    /// The first expected day of a pupil whom the school's exports list for the first time in this row.
    fn starts(&self, r: &RegisterRow) -> Date {
        if let Some(e) = r.enrolled_on {
            return e;
        }
        let term = |s: &Stamp| self.calendar.term_at_or_after(&r.school, r.grade, s.stated_at.date()).map(|t| t.start);
        let Some(start) = term(&r.stamp) else { return stated_on(r) };
        let first = self.exports.get(&r.school).and_then(|e| e.iter().find(|s| term(s) == Some(start)));
        if first.is_none_or(|f| *f >= r.stamp) { start } else { stated_on(r) }
    }

    fn is_exempt(&self, d: Date) -> bool {
        let r = self.in_force(d, false);
        let (true, Some(until)) = (r.standing.is_exemption(), r.status_until) else { return false };
        let is_first = self.rows.iter().find(|o| o.school == r.school).is_some_and(|o| o.stamp == r.stamp);
        let from = match r.enrolled_on {
            Some(e) if is_first => e.min(stated_on(r)),
            _ => stated_on(r),
        };
        from <= d && d <= until
    }

    /// Days on which something may begin.
    fn boundaries(&self, stays: &BTreeMap<SchoolId, Vec<Stay>>) -> BTreeSet<Date> {
        let mut out = BTreeSet::from([early()]);
        for r in &self.rows {
            let s = stated_on(r);
            out.extend([s, after(s)]);
            out.extend(r.enrolled_on);
            out.extend(r.left_on.map(after));
            out.extend(r.status_until.map(after));
        }
        for s in stays.values().flatten() {
            out.insert(s.from);
            out.extend(s.to.map(after));
        }
        for (from, to) in &self.not_expected {
            out.extend([*from, after(*to)]);
        }
        // An export that lacks a pupil of two schools ends what that school's earlier one said.
        if stays.len() > 1 {
            for school in stays.keys() {
                out.extend(self.exports.get(school).into_iter().flatten().map(|s| s.stated_at.date()));
            }
        }
        out.retain(|d| *d >= early() && *d < far());
        out
    }
}

impl Roster {
    /// `first_rows`: the stamp of the first attendance row for a pupil on a day, where a register row is stated that day.
    pub(super) fn new(
        calendar: &Calendar,
        register: &[&RegisterRow],
        exports: &BTreeMap<SchoolId, BTreeSet<Stamp>>,
        decisions: &[&Decision],
        first_rows: &HashMap<(PupilId, Date), Stamp>,
    ) -> Roster {
        let mut by_pupil: BTreeMap<PupilId, Vec<&RegisterRow>> = BTreeMap::new();
        for r in register {
            by_pupil.entry(r.pupil).or_default().push(r);
        }
        let mut ended: HashMap<PupilId, Vec<(Date, Date)>> = HashMap::new();
        for d in decisions.iter().filter(|d| d.kind == DecisionKind::NotExpected) {
            ended.entry(d.pupil).or_default().push((d.from, d.to.min(far())));
        }
        let mut roster = Roster::default();
        for (pupil, mut rows) in by_pupil {
            rows.sort_by_key(|r| (r.stamp, r.row_no));
            thin(&mut rows);
            let not_expected = ended.remove(&pupil).unwrap_or_default();
            let history = History { rows, calendar, exports, first_rows, not_expected };
            let member = roster.member(pupil, &history);
            roster.members.push(member);
        }
        roster
    }

    fn member(&mut self, pupil: PupilId, h: &History) -> Member {
        let mut stays: BTreeMap<SchoolId, Vec<Stay>> = BTreeMap::new();
        for r in &h.rows {
            if !stays.contains_key(&r.school) {
                stays.insert(r.school.clone(), h.stays(&r.school));
            }
        }
        let boundaries: Vec<Date> = h.boundaries(&stays).into_iter().collect();
        let mut segments: Vec<Segment> = Vec::new();
        for (i, from) in boundaries.iter().enumerate() {
            let to = boundaries.get(i + 1).map_or(far(), |n| before(*n));
            let next = self.segment(h, &stays, *from, to);
            match segments.last_mut() {
                Some(last) if Segment { from: last.from, to: last.to, ..next.clone() } == *last => last.to = to,
                _ => segments.push(next),
            }
        }
        let mut exemptions: Vec<(Date, Date)> = Vec::new();
        for s in segments.iter().filter(|s| s.exempt) {
            match exemptions.last_mut() {
                Some((_, to)) if after(*to) == s.from => *to = s.to,
                _ => exemptions.push((s.from, s.to)),
            }
        }
        let earliest = segments.iter().find(|s| s.expected).map(|s| s.from);
        Member { pupil, segments, earliest, exemptions }
    }

    fn segment(&mut self, h: &History, stays: &BTreeMap<SchoolId, Vec<Stay>>, d: Date, to: Date) -> Segment {
        let place = h.in_force(d, true);
        let tags = h.in_force(d, false);
        let school = h.calendar.school_index(&place.school);
        let stays_here = stays.get(&place.school).map_or(&[][..], Vec::as_slice);
        let there = stays_here.iter().any(|s| s.from <= d && s.to.is_none_or(|t| d <= t));
        let exempt = h.is_exempt(d);
        let departed = stays_here
            .iter()
            .rfind(|s| s.from <= d)
            .filter(|s| !there && s.transferred && stays.keys().all(|o| *o == place.school || !h.lists(o, d)))
            .and_then(|s| s.to)
            .filter(|t| *t < d);
        let mut also = Vec::new();
        if stays.len() > 1 && h.lists(&place.school, d) {
            for other in stays.keys().filter(|o| **o != place.school) {
                if let (true, Some(no)) = (h.lists(other, d), h.calendar.school_index(other)) {
                    let row = h.rows.iter().rfind(|r| r.school == *other && stated_on(r) <= d);
                    let class = row.or(h.rows.iter().find(|r| r.school == *other)).and_then(|r| r.class.clone());
                    also.push((no, self.intern(other, class)));
                }
            }
        }
        Segment {
            from: d,
            to,
            school,
            school_id: place.school.clone(),
            class: place.class.clone(),
            class_no: self.intern(&place.school, place.class.clone()),
            grade: place.grade,
            stage: school.and_then(|s| h.calendar.schools()[s].stage_of(place.grade)),
            track: school.and_then(|s| h.calendar.track_at(s, place.grade, place.class.as_ref())),
            expected: there && !exempt && !h.not_expected.iter().any(|(f, t)| *f <= d && d <= *t),
            exempt,
            departed,
            also,
            boarding: tags.boarding,
            sex: tags.sex,
            birth_date: tags.birth_date,
            groups: tags.groups.clone(),
        }
    }

    /// Of whom another roster says something else of any day, and in which classes they are by either on a day of which the
    /// two differ (those of the other that this one does not know have no members here).
    pub fn differs_from(&self, other: &Roster) -> (BTreeSet<PupilId>, BTreeSet<ClassNo>) {
        let numbers: Vec<ClassNo> =
            other.classes.iter().map(|key| self.class_nos.get(key).copied().unwrap_or(ClassNo(u32::MAX))).collect();
        let here = |no: ClassNo| numbers[no.0 as usize];
        let (mut pupils, mut classes) = (BTreeSet::new(), BTreeSet::new());
        for m in &self.members {
            let theirs: Vec<Segment> = other
                .member_of(m.pupil)
                .into_iter()
                .flat_map(|m| &m.segments)
                .map(|s| Segment {
                    class_no: here(s.class_no),
                    also: s.also.iter().map(|(school, no)| (*school, here(*no))).collect(),
                    ..s.clone()
                })
                .collect();
            if theirs == m.segments {
                continue;
            }
            pupils.insert(m.pupil);
            let days: BTreeSet<Date> = theirs.iter().chain(&m.segments).map(|s| s.from).collect();
            for day in days {
                let of = |segments: &[Segment]| -> Vec<ClassNo> {
                    let at = segments.iter().rfind(|s| s.from <= day);
                    at.into_iter().flat_map(Segment::classes).collect()
                };
                // Of two schools the first one's timetable says which periods a row is about: the order counts.
                let (then, now) = (of(&theirs), of(&m.segments));
                if then != now {
                    classes.extend(then.into_iter().chain(now));
                }
            }
        }
        (pupils, classes)
    }

    fn intern(&mut self, school: &SchoolId, class: Option<ClassName>) -> ClassNo {
        let key = (school.clone(), class);
        if let Some(no) = self.class_nos.get(&key) {
            return *no;
        }
        let no = ClassNo(u32::try_from(self.classes.len()).unwrap_or(u32::MAX));
        self.classes.push(key.clone());
        self.class_nos.insert(key, no);
        no
    }

    // ------------------------------------------------------------ questions

    pub fn members(&self) -> &[Member] {
        &self.members
    }
    pub fn index_of(&self, pupil: PupilId) -> Option<usize> {
        self.members.binary_search_by_key(&pupil, |m| m.pupil).ok()
    }
    pub fn member_of(&self, pupil: PupilId) -> Option<&Member> {
        self.index_of(pupil).map(|i| &self.members[i])
    }
    /// What the register says about a pupil on a date; `None`: it does not know the pupil.
    pub fn at(&self, pupil: PupilId, date: Date) -> Option<&Segment> {
        self.member_of(pupil).map(|m| m.at(date))
    }
    pub fn is_expected(&self, pupil: PupilId, date: Date) -> bool {
        self.member_of(pupil).is_some_and(|m| m.is_expected(date))
    }
    /// Expected pupils of a school (and class, if given) on a date.
    pub fn expected_in<'a>(
        &'a self,
        school: &'a SchoolId,
        class: Option<&'a ClassName>,
        date: Date,
    ) -> impl Iterator<Item = &'a Member> {
        self.members.iter().filter(move |m| {
            let s = m.at(date);
            s.expected && s.school_id == *school && class.is_none_or(|c| s.class.as_ref() == Some(c))
        })
    }
    pub fn class_of(&self, no: ClassNo) -> (&SchoolId, Option<&ClassName>) {
        let (s, c) = &self.classes[no.0 as usize];
        (s, c.as_ref())
    }
    pub fn class_no(&self, school: &SchoolId, class: Option<&ClassName>) -> Option<ClassNo> {
        self.class_nos.get(&(school.clone(), class.cloned())).copied()
    }
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }
}

/// Rows of a pupil of one school that say what the row before them said are left out: a register that comes every day
/// costs no more than one that comes once. A pupil of several schools keeps all, since each says who lists them.
fn thin(rows: &mut Vec<&RegisterRow>) {
    if rows.iter().any(|r| r.school != rows[0].school) {
        return;
    }
    let mut kept: Vec<&RegisterRow> = Vec::with_capacity(2);
    for r in rows.iter() {
        let same = kept.last().is_some_and(|k| {
            k.class == r.class
                && k.grade == r.grade
                && k.standing == r.standing
                && k.status_until == r.status_until
                && k.enrolled_on == r.enrolled_on
                && k.left_on == r.left_on
                && k.boarding == r.boarding
                && k.sex == r.sex
                && k.birth_date == r.birth_date
                && k.groups == r.groups
        });
        if !same {
            kept.push(r);
        }
    }
    *rows = kept;
}
