//! A folder that schools put exports into: which files are complete, in which order, and where they go when they are done.
//! Looks at names, sizes and times only; never at what a file says.

use crate::domain::Time;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file that stands still.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ready {
    pub path: PathBuf,
    pub file_name: String,
    pub modified: Time,
}

/// Where a file goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Away {
    /// `done/YYYY-MM/`
    Done,
    /// `rejected/`
    Rejected,
    /// `held/`, until a person has looked.
    Held,
}

/// One folder and what was seen in it.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    matching: String,
    settle: chrono::TimeDelta,
    zone: chrono_tz::Tz,
    /// Size, modified time, and since when the poller has seen just these.
    seen: HashMap<PathBuf, (u64, Time, Time)>,
}

impl Directory {
    pub fn new(path: &Path, matching: &str, settle_s: u32, zone: chrono_tz::Tz) -> Self {
        Directory {
            path: path.to_path_buf(),
            matching: matching.to_owned(),
            settle: chrono::TimeDelta::seconds(i64::from(settle_s)),
            zone,
            seen: HashMap::new(),
        }
    }

    /// Complete files in the order in which they are to be taken: by modified time, then name. `trust_times`: a file whose
    /// own time is old enough is complete at first sight (`run --once`, which looks only once).
    pub fn poll(&mut self, now: Time, trust_times: bool) -> io::Result<Vec<Ready>> {
        let mut here = HashMap::new();
        let mut ready = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = readable(&name);
            if is_temporary(&name) || !matches(&self.matching, &name) {
                continue;
            }
            // A file may vanish between listing and looking: the next poll tells.
            let Ok(meta) = fs::metadata(entry.path()) else { continue };
            if !meta.is_file() {
                continue;
            }
            let modified = local(meta.modified()?, self.zone);
            let since = match self.seen.get(&entry.path()) {
                Some((size, time, since)) if *size == meta.len() && *time == modified => *since,
                _ => now,
            };
            here.insert(entry.path(), (meta.len(), modified, since));
            let stood = if trust_times { since.min(modified) } else { since };
            if now - stood >= self.settle {
                ready.push(Ready { path: entry.path(), file_name: name, modified });
            }
        }
        self.seen = here;
        ready.sort_by(|a, b| (a.modified, &a.file_name).cmp(&(b.modified, &b.file_name)));
        Ok(ready)
    }

    /// How many files the last poll saw, the complete ones among them.
    pub fn watched(&self) -> usize {
        self.seen.len()
    }

    /// Moves the file away, a report beside it. A name that is taken gets a number; nothing is ever overwritten.
    pub fn put_away(&mut self, file: &Ready, to: Away, now: Time, report: Option<&str>) -> io::Result<PathBuf> {
        let folder = match to {
            Away::Done => self.path.join("done").join(now.format("%Y-%m").to_string()),
            Away::Rejected => self.path.join("rejected"),
            Away::Held => self.path.join("held"),
        };
        fs::create_dir_all(&folder)?;
        let target = free_name(&folder, &file.file_name);
        // The report first: a file whose report is missing says less than one that is still in the inbox.
        if let Some(text) = report {
            let mut name = target.file_name().unwrap_or(OsStr::new("")).to_os_string();
            name.push(".问题.txt");
            fs::write(folder.join(name), format!("\u{feff}{}", text.replace('\n', "\r\n")))?;
        }
        fs::rename(&file.path, &target)?;
        self.seen.remove(&file.path);
        Ok(target)
    }
}

/// A file name as people read it: one that is not UTF-8 was written on an old Chinese system.
fn readable(name: &OsStr) -> String {
    match name.to_str() {
        Some(name) => name.to_owned(),
        None => encoding_rs::GB18030.decode_without_bom_handling(name.as_encoded_bytes()).0.into_owned(),
    }
}

/// A file time on the township's clock.
fn local(at: std::time::SystemTime, zone: chrono_tz::Tz) -> Time {
    chrono::DateTime::<chrono::Utc>::from(at).with_timezone(&zone).naive_local()
}

fn free_name(folder: &Path, name: &str) -> PathBuf {
    let plain = folder.join(name);
    if !plain.exists() {
        return plain;
    }
    let path = Path::new(name);
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or(name);
    let ending = path.extension().and_then(OsStr::to_str).map(|e| format!(".{e}")).unwrap_or_default();
    (2..)
        .map(|n: u32| folder.join(format!("{stem} ({n}){ending}")))
        .find(|p| !p.exists())
        .expect("a folder does not hold every number")
}

/// Files that programs write while they are not done, and our own reports.
fn is_temporary(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with("~$")
        || name.starts_with('.')
        || name.ends_with(".问题.txt")
        || [".tmp", ".part", ".partial", ".crdownload", ".filepart", ".download"].iter().any(|e| lower.ends_with(e))
}

/// `*` any characters, `?` one; letters in any case (Windows writes `.XLSX`).
fn matches(pattern: &str, name: &str) -> bool {
    let p: Vec<char> = pattern.to_lowercase().chars().collect();
    let n: Vec<char> = name.to_lowercase().chars().collect();
    let (mut i, mut j, mut star, mut mark) = (0, 0, None, 0);
    while j < n.len() {
        if i < p.len() && p[i] == '*' {
            star = Some(i);
            mark = j;
            i += 1;
        } else if i < p.len() && (p[i] == '?' || p[i] == n[j]) {
            i += 1;
            j += 1;
        } else if let Some(s) = star {
            i = s + 1;
            mark += 1;
            j = mark;
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_people_expect() {
        fn check(pattern: &str, name: &str, want: bool) {
            assert_eq!(matches(pattern, name), want, "{pattern} {name}");
        }
        check("*.xlsx", "考勤.xlsx", true);
        check("*.xlsx", "考勤.XLSX", true);
        check("*.xlsx", "考勤.xlsx.bak", false);
        check("考勤*", "考勤2026-09-01.csv", true);
        check("a?c*", "abcd", true);
        check("a?c", "ac", false);
        check("*a*b", "xaxbxb", true);
        check("*", "", true);
    }

    fn at(day: u32, second: u32) -> Time {
        crate::domain::Date::from_ymd_opt(2999, 1, day).and_then(|d| d.and_hms_opt(8, 0, second)).expect("a time")
    }

    #[test]
    fn a_file_is_taken_when_it_has_stood_unchanged() {
        let dir = tempfile::tempdir().expect("tempdir");
        let zone = chrono_tz::Asia::Shanghai;
        let mut d = Directory::new(dir.path(), "*.csv", 10, zone);
        for name in ["b.csv", "~$b.csv", ".a.csv", "c.csv.part", "d.txt"] {
            fs::write(dir.path().join(name), "x").expect("write");
        }
        assert_eq!(d.poll(at(1, 0), false).expect("poll"), []);
        fs::write(dir.path().join("b.csv"), "xy").expect("write");
        assert_eq!(d.poll(at(1, 10), false).expect("poll"), [], "it grew");
        let ready = d.poll(at(1, 20), false).expect("poll");
        assert_eq!(ready.iter().map(|r| r.file_name.as_str()).collect::<Vec<_>>(), ["b.csv"]);
        let to = d.put_away(&ready[0], Away::Done, at(1, 20), Some("第 2 行\n")).expect("moved");
        assert_eq!(to, dir.path().join("done/2999-01/b.csv"));
        let report = fs::read_to_string(dir.path().join("done/2999-01/b.csv.问题.txt")).expect("report");
        assert_eq!(report, "\u{feff}第 2 行\r\n");
        fs::write(dir.path().join("b.csv"), "new").expect("write");
        let ready = d.poll(at(2, 0), true).expect("poll");
        let to = d.put_away(&ready[0], Away::Done, at(1, 20), None).expect("moved");
        assert_eq!(to, dir.path().join("done/2999-01/b (2).csv"), "nothing is overwritten");
    }
}
