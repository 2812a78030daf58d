//! Sets the stage: a story under its configuration becomes a script of happenings for the world. Here stands what needs
//! the configuration: schools, calendar, statuses, sources, channels. What a register says is tracked only so far as
//! the story itself needs it (whose roll call a child's mark belongs to).

use super::call::{Call, slot_periods, slot_word};
use super::event::{Change, Correction, LeaveOf, What};
use super::file::{self, Line};
use super::marks::{self, Day, Mark, Wrong};
use super::problem::{Eye, Problem};
use super::read::{Attendance, PolicyOf, Story, known_at_default};
use super::tested::{LEAVE_SOURCE, REGISTER_SOURCE, SCHOOL_HEADER, as_tested};
use super::yaml::Node;
use crate::domain::calendar::Calendar;
use crate::domain::ids::{ChannelId, SchoolId, SourceId, StatusId};
use crate::domain::message::{Lang, story as say};
use crate::domain::policy::{Content, CoverageKind, Policy, School, Source};
use crate::domain::{Date, Time, TimeOfDay};
use crate::drive::world::{Command, Delivery, Happening};
use std::collections::BTreeMap;
use std::path::Path;

/// A story that is ready to be played.
pub struct Staged {
    pub start: Time,
    pub script: Vec<(Time, Happening)>,
    /// The story's configuration as a test plays it.
    pub policy: Policy,
    /// Each pupil's days, for a failing test: the dates and tokens as they fell.
    pub strips: BTreeMap<String, Vec<(Date, String)>>,
}

/// Loads a configuration: a path beside the story, or one that stands in it.
pub type Load<'a> = &'a dyn Fn(&PolicyOf) -> Result<Policy, Vec<Problem>>;

/// Checks a story against its configuration and writes its script; `folder` is where its files are.
pub fn stage(story: &Story, folder: &Path, lang: Lang, load: Load<'_>) -> Result<Staged, Vec<Problem>> {
    let configured = load(&story.policy)?;
    let mut stage = Stage::new(story, folder, lang, &configured);
    stage.register_of_the_first_day();
    stage.roll_calls();
    stage.events(load);
    if stage.eye.problems.is_empty() {
        let (script, strips) = (stage.script, stage.strips);
        let policy = as_tested(configured, story);
        Ok(Staged { start: story.first_day().and_time(TimeOfDay::MIN), script, policy, strips })
    } else {
        stage.eye.problems.sort_by_key(|p| p.line);
        Err(stage.eye.problems)
    }
}

/// The columns of a register row.
type Fields = BTreeMap<&'static str, String>;

struct Stage<'s> {
    eye: Eye,
    story: &'s Story,
    folder: &'s Path,
    policy: &'s Policy,
    calendar: Calendar,
    script: Vec<(Time, Happening)>,
    strips: BTreeMap<String, Vec<(Date, String)>>,
    /// Every file of ours has a name of its own.
    files: u32,
}

impl<'s> Stage<'s> {
    fn new(story: &'s Story, folder: &'s Path, lang: Lang, policy: &'s Policy) -> Self {
        Stage {
            eye: Eye::new(lang),
            story,
            folder,
            policy,
            calendar: Calendar::new(policy),
            script: Vec::new(),
            strips: BTreeMap::new(),
            files: 0,
        }
    }

    fn school(&self, written: &str) -> Option<&'s School> {
        self.policy.schools.iter().find(|s| s.id == *written || s.name == written)
    }

    fn must_have_school(&mut self, line: u32, fields: &Fields) -> Option<&'s School> {
        let written = fields.get("school").map_or("", String::as_str);
        let school = self.school(written);
        if school.is_none() {
            let known = self.policy.schools.iter().map(|s| s.id.as_str()).collect::<Vec<_>>().join(", ");
            self.eye.problem(line, say::unknown_school(self.eye.lang, written, known));
        }
        school
    }

    // ------------------------------------------------------------ the register

    fn register_of_the_first_day(&mut self) {
        let start = self.story.first_day().and_time(TimeOfDay::MIN);
        let mut schools = Vec::new();
        for pupil in &self.story.pupils {
            let fields: Fields = pupil.fields.iter().cloned().collect();
            if let Some(school) = self.must_have_school(pupil.line, &fields)
                && !schools.contains(&&school.id)
            {
                schools.push(&school.id);
            }
        }
        for school in schools {
            self.register_of(school, start);
        }
    }

    /// What the register says of every pupil at an instant, in the order of the story.
    fn pupils_at(&self, at: Time) -> Vec<(String, Fields)> {
        let mut pupils: Vec<(String, Fields)> =
            self.story.pupils.iter().map(|p| (p.student_no.clone(), p.fields.iter().cloned().collect())).collect();
        for event in self.story.events.iter().filter(|e| e.at <= at) {
            let What::Register(changes) = &event.what else { continue };
            for change in changes {
                change_pupil(&mut pupils, change);
            }
        }
        pupils
    }

    fn pupil_at(&self, no: &str, at: Time) -> Option<Fields> {
        let now = self.pupils_at(at).into_iter().find(|p| p.0 == no).map(|p| p.1);
        // A pupil whom a later register brings is recorded with the columns it will bring.
        now.or_else(|| self.pupils_at(Time::MAX).into_iter().find(|p| p.0 == no).map(|p| p.1))
    }

    /// An export of one school's whole register.
    fn register_of(&mut self, school: &SchoolId, at: Time) {
        let Some(school) = self.policy.school(school) else { return };
        let rows: Vec<Fields> = self
            .pupils_at(at)
            .into_iter()
            .filter(|(_, f)| f.get("school").is_some_and(|s| school.id == *s.as_str() || school.name == *s))
            .map(|(no, mut f)| {
                f.insert("student_no", no);
                f.remove("school");
                f
            })
            .collect();
        let source = self.source_of(school, Content::Register).map(|s| s.id.clone());
        let source = source.unwrap_or_else(|| REGISTER_SOURCE.into());
        let bytes = file::register(SCHOOL_HEADER, &school.name, &rows);
        self.deliver(at, source, format!("register-{}", school.id), bytes);
    }

    /// A school's first source of some content, or one that tells of many schools.
    fn source_of(&self, school: &School, content: Content) -> Option<&'s Source> {
        let of = |s: &&Source| s.content == content;
        let sources = &self.policy.sources;
        let own = sources.iter().filter(of).find(|s| s.school.as_ref() == Some(&school.id));
        own.or_else(|| sources.iter().filter(of).find(|s| s.school.is_none()))
    }

    /// File names of ours state no date: a date there would be a statement.
    fn deliver(&mut self, at: Time, source: SourceId, stem: String, bytes: Vec<u8>) {
        self.files += 1;
        let delivery = Delivery {
            source,
            file_name: format!("{stem}-n{}.csv", self.files),
            in_our_words: true,
            confirm: false,
            bytes,
            modified: at,
        };
        self.script.push((at, Happening::Delivery(delivery)));
    }

    // ------------------------------------------------------------ roll calls

    fn marks(&mut self) -> BTreeMap<char, Mark> {
        let mut marks = marks::built_in();
        for (line, c, status) in &self.story.marks {
            let mark = marks::mark_of(status);
            if matches!(mark, Mark::Status(_)) {
                self.must_be_status(*line, status);
            }
            marks.insert(*c, mark);
        }
        marks
    }

    fn must_be_status(&mut self, line: u32, status: &str) -> bool {
        let known = file::word(self.policy, status).is_some();
        if !known {
            let message = match status {
                "not_listed" | "not_recorded" => say::cannot_be_written(self.eye.lang, status),
                _ => say::unknown_status(self.eye.lang, status),
            };
            self.eye.problem(line, message);
        }
        known
    }

    fn roll_calls(&mut self) {
        let Some(attendance) = &self.story.attendance else { return };
        let marks = self.marks();
        let mut calls: BTreeMap<(Time, SchoolId), Call> = BTreeMap::new();
        for (line, no, tokens) in &attendance.strips {
            self.strip(attendance, *line, no, tokens, &marks, &mut calls);
        }
        // A later list of an exceptions source replaces the day's earlier one: it says again who was away before.
        let mut before: BTreeMap<(SchoolId, Option<Date>), Vec<file::Line>> = BTreeMap::new();
        for ((at, school), mut call) in calls {
            if !call.slots.is_empty() {
                let earlier = before.entry((school.clone(), call.date)).or_default();
                let own = std::mem::take(&mut call.exceptions);
                earlier.extend(own);
                call.exceptions.clone_from(earlier);
            }
            self.call(at, &school, call);
        }
    }

    /// Lays one pupil's tokens on the days that have periods.
    fn strip(
        &mut self,
        attendance: &Attendance,
        line: u32,
        no: &str,
        tokens: &[String],
        marks: &BTreeMap<char, Mark>,
        calls: &mut BTreeMap<(Time, SchoolId), Call>,
    ) {
        let mut date = attendance.from;
        let last = self.calendar.last_day().unwrap_or(attendance.from);
        for token in tokens {
            let (fields, school, plan) = loop {
                if date > last {
                    self.eye.problem(line, say::calendar_ends(self.eye.lang, token));
                    return;
                }
                // A register of the day counts for its roll call if it came before it.
                let morning = self.pupil_at(no, date.and_time(TimeOfDay::MIN)).unwrap_or_default();
                let times = self.known_at(attendance, line, no, &morning);
                let first = times.iter().map(|t| t.0).min().unwrap_or_else(known_at_default);
                let fields = self.pupil_at(no, date.and_time(first)).unwrap_or_default();
                let Some(school) = self.must_have_school(line, &fields) else { return };
                let grade = fields.get("grade").and_then(|g| crate::domain::normalise::grade_of(g));
                let class = fields.get("class").and_then(|c| crate::domain::normalise::class_name(c));
                let plan = self.calendar.day(&school.id, grade, class.as_ref(), date);
                if plan.open {
                    break (fields, school, plan);
                }
                date = date.succ_opt().unwrap_or(last);
            };
            let day = match marks::token(token, plan.periods.len(), marks) {
                Ok(day) => day,
                Err(Wrong::Mark(c)) => {
                    self.eye.problem(line, say::unknown_mark(self.eye.lang, c));
                    return;
                }
                Err(Wrong::Length(n)) => {
                    let message = say::token_length(self.eye.lang, token, date, n, plan.periods.len());
                    self.eye.problem(line, message);
                    return;
                }
            };
            self.strips.entry(no.to_owned()).or_default().push((date, token.clone()));
            for (at, slot) in self.known_at(attendance, line, no, &fields) {
                let call = calls.entry((date.and_time(at), school.id.clone())).or_default();
                call.date = Some(date);
                call.slots.extend(slot.clone());
                let within = slot.as_ref().map(|s| slot_periods(school, s));
                call.add(self.policy, no, &fields, date, school, &plan.periods, &day, within.as_deref());
            }
            date = date.succ_opt().unwrap_or(last);
        }
    }

    /// When a pupil's day becomes known: once, or once for each slot.
    fn known_at(
        &mut self,
        attendance: &Attendance,
        line: u32,
        no: &str,
        fields: &Fields,
    ) -> Vec<(TimeOfDay, Option<String>)> {
        let Some(node) = &attendance.known_at else { return vec![(known_at_default(), None)] };
        let found = self.known_at_of(node, fields);
        if found.is_empty() && self.eye.problems.is_empty() {
            self.eye.problem(line, say::no_known_at(self.eye.lang, no));
        }
        found
    }

    fn known_at_of(&mut self, node: &Node, fields: &Fields) -> Vec<(TimeOfDay, Option<String>)> {
        if node.text().is_some() {
            return self.eye.clock("known_at", node).map(|t| vec![(t, None)]).unwrap_or_default();
        }
        let school = fields.get("school").and_then(|s| self.school(s));
        let class = fields.get("class").map(|c| crate::domain::normalise::class_name(c));
        let map = self.eye.map("known_at", node);
        // The narrowest that speaks: the class, the school, the slots of the day.
        let of_class =
            map.iter().find(|(k, _)| class.is_some() && Some(crate::domain::normalise::class_name(&k.name)) == class);
        let of_school = map.iter().find(|(k, _)| school.is_some_and(|s| s.id == *k.name.as_str() || s.name == k.name));
        if let Some((_, node)) = of_class.or(of_school) {
            return self.known_at_of(node, fields);
        }
        let mut times = Vec::new();
        for (key, value) in map {
            if self.school(&key.name).is_some() || self.is_class(&key.name) {
                continue;
            }
            let slot = school.and_then(|s| {
                s.slots.iter().find(|t| t.id == *key.name.as_str() || t.title.as_deref() == Some(key.name.as_str()))
            });
            match slot {
                Some(slot) => times.extend(self.eye.clock(&key.name, value).map(|t| (t, Some(slot.id.to_string())))),
                None => {
                    let slots = school.map(|s| s.slots.iter().map(|t| t.id.as_str()).collect::<Vec<_>>().join(", "));
                    let message = say::bad_known_at(self.eye.lang, &key.name, slots.unwrap_or_default());
                    self.eye.problem(key.line, message);
                }
            }
        }
        times
    }

    fn is_class(&self, written: &str) -> bool {
        let name = crate::domain::normalise::class_name(written);
        name.is_some()
            && self
                .pupils_at(Time::MAX)
                .iter()
                .any(|(_, f)| f.get("class").and_then(|c| crate::domain::normalise::class_name(c)) == name)
    }

    /// One export of a school's first attendance source.
    fn call(&mut self, at: Time, school: &SchoolId, call: Call) {
        let Some(school) = self.policy.school(school) else { return };
        let Some(source) = self.source_of(school, Content::Attendance) else {
            let line = self.story.attendance.as_ref().and_then(|a| a.strips.first()).map_or(1, |s| s.0);
            self.eye.problem(line, say::no_attendance_source(self.eye.lang, &school.id));
            return;
        };
        let column = source.school.is_none().then(|| source.school_column.as_deref().unwrap_or(SCHOOL_HEADER));
        let column = column.map(|header| (header, school.name.as_str()));
        let (bytes, silent) = match source.coverage {
            CoverageKind::Full => (file::attendance(None, column, &call.all), call.all.is_empty()),
            CoverageKind::Exceptions => {
                // The title states the date, so that an empty list says "all present" and two days differ.
                let date = call.date.map(|d| d.to_string()).unwrap_or_default();
                let title = format!("{date} 缺勤名单");
                let mut lines = call.exceptions.clone();
                lines.sort();
                (file::attendance(Some(&title), column, &lines), !call.recorded)
            }
        };
        if !silent {
            self.deliver(at, source.id.clone(), format!("roll-{}", school.id), bytes);
        }
    }

    // ------------------------------------------------------------ the timeline

    fn events(&mut self, load: Load<'_>) {
        for event in &self.story.events {
            let at = event.at;
            let happening = match &event.what {
                What::Command(command) => Happening::Command(command.clone()),
                What::Correct { days, person: None } => {
                    self.correct(at, days);
                    continue;
                }
                What::Correct { days, person: Some(person) } => {
                    self.excuse(at, days, person);
                    continue;
                }
                What::Leave(leaves) => {
                    self.leave(at, leaves);
                    continue;
                }
                What::Register(changes) => {
                    let pupils = self.pupils_at(at);
                    let mut schools: Vec<SchoolId> = Vec::new();
                    for change in changes {
                        let of = pupils.iter().find(|p| p.0 == change.pupil).map(|p| p.1.clone());
                        // One who is left out is left out of the export of the school that had him.
                        let of = of.or_else(|| self.pupil_at(&change.pupil, before(at))).unwrap_or_default();
                        let school = self.must_have_school(change.line, &of).map(|s| s.id.clone());
                        schools.extend(school.filter(|s| !schools.contains(s)));
                    }
                    for school in schools {
                        self.register_of(&school, at);
                    }
                    continue;
                }
                What::Import { path, source, confirm } => {
                    let Some(delivery) = self.import(event.line, at, path, source, *confirm) else { continue };
                    Happening::Delivery(delivery)
                }
                What::Gateway { channel, address, does } => {
                    self.must_have_channel(event.line, channel);
                    Happening::Gateway { channel: channel.clone(), address: address.clone(), does: *does }
                }
                What::Report { channel, address, delivered } => {
                    self.must_have_channel(event.line, channel);
                    let (channel, address) = (channel.clone(), address.clone());
                    Happening::Report { channel, address, delivered: *delivered }
                }
                What::Restart(death) => Happening::Restart(*death),
                What::AsleepUntil(t) => Happening::AsleepUntil(*t),
                What::Policy(PolicyOf::Path { line, path })
                    if let Err(why) = std::fs::metadata(self.folder.join(path)) =>
                {
                    self.eye.problem(*line, format!("{path}: {}", say::unreadable(self.eye.lang, why)));
                    continue;
                }
                // A reload that does not compile is an event of the story, not a mistake in it.
                What::Policy(of) => Happening::Reload(match load(of) {
                    Ok(policy) => Ok(Box::new(as_tested(policy, self.story))),
                    Err(problems) => Err(problems.into_iter().map(|p| p.message).collect::<Vec<_>>().join("; ")),
                }),
            };
            if let Happening::Command(command) = &happening {
                self.look_at(event.line, command);
            }
            self.script.push((at, happening));
        }
    }

    fn must_have_channel(&mut self, line: u32, channel: &ChannelId) {
        if self.policy.channel(channel).is_none() {
            let known = self.policy.channels.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(", ");
            self.eye.problem(line, say::unknown_channel(self.eye.lang, channel, known));
        }
    }

    fn look_at(&mut self, line: u32, command: &Command) {
        if let Command::Release { kind, subject: Some(subject), .. } = command
            && kind == "mass_absence"
        {
            self.must_have_school(line, &Fields::from([("school", subject.clone())]));
        }
    }

    fn line_of(&self, no: &str, at: Time, date: Date, status: String) -> (Option<&'s School>, Line) {
        let fields = self.pupil_at(no, at).unwrap_or_default();
        let get = |k: &str| fields.get(k).cloned().unwrap_or_default();
        let line = Line {
            student_no: no.into(),
            name: get("name"),
            class: get("class"),
            date,
            slot: String::new(),
            status,
            until: None,
        };
        (self.school(&get("school")), line)
    }

    /// The periods that a correction states: a status or one mark for the day, or a token.
    fn corrected(&mut self, c: &Correction, at: Time) -> Vec<(String, String)> {
        if let Some(word) = file::word(self.policy, &c.says).filter(|_| c.says.len() > 3 || c.says.is_ascii()) {
            return vec![(String::new(), word)];
        }
        let marks = self.marks();
        let (school, line) = self.line_of(&c.pupil, at, c.date, String::new());
        let Some(school) = school else { return Vec::new() };
        let grade = self.pupil_at(&c.pupil, at).and_then(|f| crate::domain::normalise::grade_of(f.get("grade")?));
        let class = crate::domain::normalise::class_name(&line.class);
        let plan = self.calendar.day(&school.id, grade, class.as_ref(), c.date);
        let said = match marks::token(&c.says, plan.periods.len(), &marks) {
            Ok(Day::Whole(mark)) => vec![(String::new(), mark)],
            Ok(Day::Periods(marks)) => plan.periods.iter().map(|p| slot_word(school, *p)).zip(marks).collect(),
            Err(_) => {
                self.must_be_status(c.line, &c.says);
                return Vec::new();
            }
        };
        let mut rows = Vec::new();
        for (slot, mark) in said {
            match mark {
                Mark::Status(s) => rows.extend(file::word(self.policy, &s).map(|w| (slot, w))),
                Mark::NotRecorded if !slot.is_empty() => {}
                _ => self.eye.problem(c.line, say::cannot_be_written(self.eye.lang, &c.says)),
            }
        }
        rows
    }

    /// One delivery for each school, of just these rows.
    fn correct(&mut self, at: Time, days: &[Correction]) {
        let mut by_school: BTreeMap<SchoolId, Vec<Line>> = BTreeMap::new();
        for c in days {
            for (slot, status) in self.corrected(c, at) {
                let (school, line) = self.line_of(&c.pupil, at, c.date, status);
                let Some(school) = school else { continue };
                by_school.entry(school.id.clone()).or_default().push(Line { slot, ..line });
            }
        }
        for (school, lines) in by_school {
            let Some(school) = self.policy.school(&school) else { continue };
            let Some(source) = self.source_of(school, Content::Attendance) else { continue };
            let column = source.school.is_none().then(|| source.school_column.as_deref().unwrap_or(SCHOOL_HEADER));
            let bytes = file::attendance(None, column.map(|c| (c, school.name.as_str())), &lines);
            self.deliver(at, source.id.clone(), format!("correction-{}", school.id), bytes);
        }
    }

    /// A person's decisions: days in a row with one status are one.
    fn excuse(&mut self, at: Time, days: &[Correction], person: &super::event::Person) {
        let marks = self.marks();
        let mut sorted: Vec<&Correction> = days.iter().collect();
        sorted.sort_by_key(|c| (&c.pupil, c.date));
        let mut open: Option<Command> = None;
        for c in sorted {
            let mut chars = c.says.chars();
            let status = match (chars.next().and_then(|m| marks.get(&m)), chars.next()) {
                (Some(Mark::Status(s)), None) => s.clone(),
                _ => c.says.clone(),
            };
            if !self.must_be_status(c.line, &status) {
                continue;
            }
            if let Some(Command::Excuse { pupil, to, status: same, .. }) = &mut open
                && *pupil == c.pupil
                && *same == *status.as_str()
                && !self.school_day_between(&c.pupil, at, *to, c.date)
            {
                *to = c.date;
                continue;
            }
            let next = Command::Excuse {
                pupil: c.pupil.clone(),
                from: c.date,
                to: c.date,
                status: StatusId::new(&status),
                by: person.by.clone(),
                second: person.second.clone(),
            };
            self.script.extend(open.replace(next).map(|c| (at, Happening::Command(c))));
        }
        self.script.extend(open.map(|c| (at, Happening::Command(c))));
    }

    fn school_day_between(&self, no: &str, at: Time, after: Date, before: Date) -> bool {
        let fields = self.pupil_at(no, at).unwrap_or_default();
        let Some(school) = fields.get("school").and_then(|s| self.school(s)) else { return true };
        let grade = fields.get("grade").and_then(|g| crate::domain::normalise::grade_of(g));
        let mut date = after.succ_opt();
        while let Some(d) = date.filter(|d| *d < before) {
            if self.calendar.day(&school.id, grade, None, d).open {
                return true;
            }
            date = d.succ_opt();
        }
        false
    }

    fn leave(&mut self, at: Time, leaves: &[LeaveOf]) {
        let mut by_school: BTreeMap<SchoolId, Vec<(Line, Date)>> = BTreeMap::new();
        for leave in leaves {
            if !self.must_be_status(leave.line, &leave.status) {
                continue;
            }
            let status = file::word(self.policy, &leave.status).unwrap_or_default();
            let (school, line) = self.line_of(&leave.pupil, at, leave.from, status);
            if let Some(school) = school {
                by_school.entry(school.id.clone()).or_default().push((line, leave.until));
            }
        }
        for (school, lines) in by_school {
            let Some(school) = self.policy.school(&school) else { continue };
            let source = self.source_of(school, Content::Leave).map(|s| s.id.clone());
            let bytes = file::leave(Some((SCHOOL_HEADER, &school.name)), &lines);
            self.deliver(at, source.unwrap_or_else(|| LEAVE_SOURCE.into()), format!("leave-{}", school.id), bytes);
        }
    }

    fn import(&mut self, line: u32, at: Time, path: &str, source: &SourceId, confirm: bool) -> Option<Delivery> {
        if self.policy.source(source).is_none() {
            let known = self.policy.sources.iter().map(|s| s.id.as_str()).collect::<Vec<_>>().join(", ");
            self.eye.problem(line, say::unknown_source(self.eye.lang, source, known));
            return None;
        }
        let full = self.folder.join(path);
        let bytes = match std::fs::read(&full) {
            Ok(bytes) => bytes,
            Err(e) => {
                self.eye.problem(line, format!("{path}: {}", say::unreadable(self.eye.lang, e)));
                return None;
            }
        };
        let file_name = full.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Some(Delivery { source: source.clone(), file_name, in_our_words: false, confirm, bytes, modified: at })
    }
}

fn before(at: Time) -> Time {
    at - chrono::TimeDelta::seconds(1)
}

fn change_pupil(pupils: &mut Vec<(String, Fields)>, change: &Change) {
    let at = pupils.iter().position(|p| p.0 == change.pupil);
    match (&change.fields, at) {
        (Some(fields), Some(i)) => pupils[i].1.extend(fields.iter().cloned()),
        (Some(fields), None) => pupils.push((change.pupil.clone(), fields.iter().cloned().collect())),
        (None, Some(i)) => {
            pupils.remove(i);
        }
        (None, None) => {}
    }
}
