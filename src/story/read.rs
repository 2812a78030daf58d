//! A story file as it is written (interface.md §4): its parts, each checked for shape. What needs the configuration
//! (schools, calendar, statuses) is checked by `stage`.

use super::event::{self, Event};
use super::problem::{Exact, Eye, Problem, read_time};
use super::want::Want;
use super::yaml::{self, Node};
use crate::domain::message::{Lang, story as say};
use crate::domain::{Date, Time, TimeOfDay};
use std::collections::BTreeSet;

/// The register columns, as a story names them and as our own files write them.
pub const REGISTER: [(&str, &str); 28] = [
    ("student_no", "学籍号"),
    ("id_number", "身份证号"),
    ("name", "姓名"),
    ("sex", "性别"),
    ("birth_date", "出生日期"),
    ("school", "学校"),
    ("grade", "年级"),
    ("class", "班级"),
    ("status", "学籍状态"),
    ("status_until", "状态截止日期"),
    ("status_basis", "批准文号"),
    ("enrolled_on", "入学日期"),
    ("left_on", "离校日期"),
    ("household_township", "户籍所在乡镇"),
    ("household_address", "家庭住址"),
    ("boarding", "住校"),
    ("groups", "类别"),
    ("guardian1_name", "监护人1姓名"),
    ("guardian1_relation", "监护人1关系"),
    ("guardian1_phone", "监护人1电话"),
    ("guardian1_email", "监护人1邮箱"),
    ("guardian2_name", "监护人2姓名"),
    ("guardian2_relation", "监护人2关系"),
    ("guardian2_phone", "监护人2电话"),
    ("guardian2_email", "监护人2邮箱"),
    ("carer_name", "委托照护人姓名"),
    ("carer_phone", "委托照护人电话"),
    ("carer_email", "委托照护人邮箱"),
];

/// The configuration that a story plays under.
#[derive(Clone, Debug)]
pub enum PolicyOf {
    InUse,
    Path { line: u32, path: String },
    Inline(Node),
}

/// A register row: columns of [`REGISTER`] and their values.
#[derive(Clone, Debug)]
pub struct Pupil {
    pub line: u32,
    pub student_no: String,
    pub fields: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug)]
pub struct Attendance {
    pub from: Date,
    pub known_at: Option<Node>,
    /// Line, student number, tokens.
    pub strips: Vec<(u32, String, Vec<String>)>,
}

#[derive(Clone, Debug)]
pub struct Story {
    pub title: String,
    pub policy: PolicyOf,
    pub pupils: Vec<Pupil>,
    /// Mark and status, with the line.
    pub marks: Vec<(u32, char, String)>,
    pub guard: bool,
    pub attendance: Option<Attendance>,
    pub events: Vec<Event>,
    pub until: Time,
    pub want: Want,
}

impl Story {
    /// The day of the register's import: the first of the attendance, else the earliest date in the story.
    pub fn first_day(&self) -> Date {
        match &self.attendance {
            Some(a) => a.from,
            None => self.events.iter().map(|e| e.at).min().unwrap_or(self.until).date(),
        }
    }
}

const TOP: [&str; 10] =
    ["title", "policy", "pupils", "marks", "guard", "attendance", "timeline", "until", "want", "description"];

/// Reads a story; every problem at once.
pub fn read(text: &str, lang: Lang) -> Result<Story, Vec<Problem>> {
    let tree =
        yaml::parse(text).map_err(|e| vec![Problem { line: e.line, message: say::not_yaml(lang, e.message) }])?;
    let mut eye = Eye::new(lang);
    let story = shape(&mut eye, &tree);
    match story {
        Some(story) if eye.problems.is_empty() => Ok(story),
        _ => {
            eye.problems.sort_by_key(|p| p.line);
            Err(eye.problems)
        }
    }
}

fn shape(eye: &mut Eye, tree: &Node) -> Option<Story> {
    let map = eye.map("story", tree);
    eye.keys(map, &TOP);
    let title = eye.text_at(tree, "title").unwrap_or_default();
    let policy = match tree.get("policy") {
        None => PolicyOf::InUse,
        Some(n) => policy_of(eye, n),
    };
    let mut pupils = Vec::new();
    let mut numbers = BTreeSet::new();
    for node in tree.get("pupils").map(|n| eye.list("pupils", n)).unwrap_or_default() {
        let Some(pupil) = pupil(eye, node) else { continue };
        if !numbers.insert(pupil.student_no.clone()) {
            eye.problem(node.line, say::pupil_twice(eye.lang, &pupil.student_no));
        }
        pupils.push(pupil);
    }
    let marks = tree.get("marks").map(|n| marks(eye, n)).unwrap_or_default();
    let guard = eye.switch_at(tree, "guard").unwrap_or(false);
    let mut events = Vec::new();
    for node in tree.get("timeline").map(|n| eye.list("timeline", n)).unwrap_or_default() {
        events.extend(event::read(eye, node));
    }
    events.sort_by_key(|e| e.at);
    for event in &events {
        numbers.extend(event.new_pupils());
    }
    for event in &events {
        for (line, no) in event.pupils() {
            known(eye, &numbers, line, no);
        }
    }
    let attendance = tree.get("attendance").and_then(|n| attendance(eye, n));
    for (line, no, _) in attendance.iter().flat_map(|a| &a.strips) {
        known(eye, &numbers, *line, no);
    }
    let until = match tree.get("until") {
        Some(n) => until(eye, n),
        None => {
            eye.problem(tree.line, say::missing(eye.lang, "until"));
            None
        }
    };
    let want = match tree.get("want") {
        Some(n) => Want::read(eye, n, true),
        None => {
            eye.problem(tree.line, say::missing(eye.lang, "want"));
            Want::default()
        }
    };
    for (line, no) in want.pupils() {
        known(eye, &numbers, line, &no);
    }
    for (line, at) in
        want.checkpoints.iter().filter_map(|(at, w)| Some((w.line, *at)).filter(|_| until.is_some_and(|u| *at > u)))
    {
        eye.problem(line, say::checkpoint_after_until(eye.lang, at.format("%Y-%m-%d %H:%M")));
    }
    Some(Story { title, policy, pupils, marks, guard, attendance, events, until: until?, want })
}

fn known(eye: &mut Eye, numbers: &BTreeSet<String>, line: u32, no: &str) {
    if !numbers.contains(no) {
        eye.problem(line, say::unknown_pupil(eye.lang, no));
    }
}

/// A date alone means to its end.
fn until(eye: &mut Eye, node: &Node) -> Option<Time> {
    let time = eye.time("until", node)?;
    let day = node.text().and_then(read_time).is_some_and(|(_, exact)| exact == Exact::Day);
    Some(if day { time.date().and_hms_opt(23, 59, 59)? } else { time })
}

pub fn policy_of(eye: &mut Eye, node: &Node) -> PolicyOf {
    match node.text() {
        Some(path) => PolicyOf::Path { line: node.line, path: path.to_owned() },
        None if node.map().is_some() => PolicyOf::Inline(node.clone()),
        None => {
            eye.problem(node.line, say::expected_text(eye.lang, "policy"));
            PolicyOf::InUse
        }
    }
}

fn pupil(eye: &mut Eye, node: &Node) -> Option<Pupil> {
    eye.map("pupils", node);
    let student_no = eye.must(node, "student_no")?;
    Some(Pupil { line: node.line, student_no, fields: register_fields(eye, node) })
}

/// The columns of a register row; values are joined and put as files write them.
pub fn register_fields(eye: &mut Eye, node: &Node) -> Vec<(&'static str, String)> {
    let names: Vec<&str> = REGISTER.iter().map(|(name, _)| *name).collect();
    let map = eye.map("pupils", node);
    eye.keys(map, &names);
    let mut fields = Vec::new();
    for (key, value) in map {
        let Some((name, _)) = REGISTER.iter().find(|(name, _)| *name == key.name) else { continue };
        let text = match value.list() {
            Some(list) => list.iter().filter_map(Node::text).collect::<Vec<_>>().join("、"),
            None => eye.text(name, value).unwrap_or_default(),
        };
        let text = match (*name, text.as_str()) {
            ("boarding", "true") => "是".to_owned(),
            ("boarding", "false") => "否".to_owned(),
            _ => text,
        };
        fields.push((*name, text));
    }
    fields
}

fn marks(eye: &mut Eye, node: &Node) -> Vec<(u32, char, String)> {
    let mut marks = Vec::new();
    for (key, value) in eye.map("marks", node) {
        let Some(status) = eye.text(&key.name, value) else { continue };
        let mut chars = key.name.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => marks.push((key.line, c, status)),
            _ => eye.problem(key.line, say::long_mark(eye.lang, &key.name)),
        }
    }
    marks
}

fn attendance(eye: &mut Eye, node: &Node) -> Option<Attendance> {
    let mut strips = Vec::new();
    for (key, value) in eye.map("attendance", node) {
        if key.name == "from" || key.name == "known_at" {
            continue;
        }
        let Some(text) = eye.text(&key.name, value) else { continue };
        let tokens = text.split_whitespace().filter(|t| *t != "|").map(|t| t.replace('|', "")).collect();
        strips.push((value.line, key.name.clone(), tokens));
    }
    let Some(from) = node.get("from") else {
        eye.problem(node.line, say::missing(eye.lang, "from"));
        return None;
    };
    let from = eye.date("from", from)?;
    Some(Attendance { from, known_at: node.get("known_at").cloned(), strips })
}

/// When a day's roll call arrives unless the story says: late enough for a morning's lessons to have begun.
pub fn known_at_default() -> TimeOfDay {
    TimeOfDay::from_hms_opt(9, 0, 0).expect("a time of day")
}
