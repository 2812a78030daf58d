//! Spool: the statements of one attendance file, handed out day by day. Beyond a batch they lie in an unnamed temporary
//! file, sorted in runs, so that memory does not grow with the file. Nothing personal in it: references, dates, statuses.

use super::collect::Stated;
use crate::domain::Date;
use crate::domain::ids::PupilId;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};

/// Statements kept in memory before a run is written.
const BATCH: usize = 100_000;
/// Bytes of a statement in the file; school and date are the run's.
const WIDTH: usize = 20;

pub struct Spool {
    memory: Vec<Stated>,
    batch: usize,
    file: Option<File>,
    end: u64,
    /// Where each day's runs lie: offset and number of statements.
    runs: BTreeMap<(u16, Date), Vec<(u64, usize)>>,
    /// The first error; told when the day is asked for.
    broken: Option<io::Error>,
    count: usize,
}

impl Default for Spool {
    fn default() -> Self {
        Spool::with_batch(BATCH)
    }
}

impl Spool {
    fn with_batch(batch: usize) -> Self {
        Spool { memory: Vec::new(), batch, file: None, end: 0, runs: BTreeMap::new(), broken: None, count: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn push(&mut self, s: Stated) {
        self.count += 1;
        self.memory.push(s);
        if self.memory.len() >= self.batch && self.broken.is_none() {
            self.broken = self.write_run().err();
        }
    }

    fn write_run(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(f) => f,
            none => none.insert(unnamed()?),
        };
        self.memory.sort_unstable();
        let mut bytes = Vec::with_capacity(self.memory.len() * WIDTH);
        for day in self.memory.chunk_by(|a, b| (a.school, a.date) == (b.school, b.date)) {
            let at = self.end + bytes.len() as u64;
            self.runs.entry((day[0].school, day[0].date)).or_default().push((at, day.len()));
            for s in day {
                bytes.extend_from_slice(&s.pupil.0.to_le_bytes());
                bytes.extend_from_slice(&s.row_no.to_le_bytes());
                bytes.extend_from_slice(&s.slot.to_le_bytes());
                bytes.extend_from_slice(&s.status.to_le_bytes());
                bytes.extend_from_slice(&s.extra.to_le_bytes());
            }
        }
        file.write_all_at(&bytes, self.end)?;
        self.end += bytes.len() as u64;
        self.memory.clear();
        Ok(())
    }

    /// A day's statements, by pupil and row.
    ///
    /// # Errors
    /// When the temporary file could not be written or read.
    pub fn day(&self, school: u16, date: Date) -> io::Result<Vec<Stated>> {
        if let Some(e) = &self.broken {
            return Err(io::Error::new(e.kind(), e.to_string()));
        }
        let mut out: Vec<Stated> =
            self.memory.iter().filter(|s| s.school == school && s.date == date).copied().collect();
        if let (Some(file), Some(runs)) = (&self.file, self.runs.get(&(school, date))) {
            let mut bytes = Vec::new();
            for (at, n) in runs {
                bytes.resize(n * WIDTH, 0);
                file.read_exact_at(&mut bytes, *at)?;
                out.extend(bytes.chunks_exact(WIDTH).map(|b| read(school, date, b)));
            }
        }
        out.sort_unstable();
        Ok(out)
    }
}

fn read(school: u16, date: Date, b: &[u8]) -> Stated {
    let le = |from: usize, n: usize| {
        let mut v = [0; 8];
        v[..n].copy_from_slice(&b[from..from + n]);
        i64::from_le_bytes(v)
    };
    Stated {
        school,
        date,
        pupil: PupilId(le(0, 8)),
        row_no: le(8, 4) as u32,
        slot: le(12, 2) as u16,
        status: le(14, 2) as u16,
        extra: le(16, 4) as u32,
    }
}

/// A file that only this process sees and that is gone with it, however it ends.
fn unnamed() -> io::Result<File> {
    let mut name = [0u8; 12];
    getrandom::fill(&mut name).map_err(io::Error::other)?;
    let path = std::env::temp_dir().join(format!("kongchuo-{}", hex::encode(name)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_come_back_whole_and_in_order_however_small_the_batch() {
        let date = |n: u32| Date::from_ymd_opt(2026, 9, n).expect("a date");
        let all: Vec<Stated> = (0..500u32)
            .map(|i| Stated {
                school: (i % 2) as u16,
                date: date(1 + i * 7 % 5),
                pupil: PupilId(i64::from(i * 31 % 97)),
                row_no: i,
                slot: (i % 3) as u16,
                status: (i % 4) as u16,
                extra: i % 6,
            })
            .collect();
        for batch in [1, 7, 100, 1000] {
            let mut spool = Spool::with_batch(batch);
            all.iter().for_each(|s| spool.push(*s));
            for school in 0..2 {
                for d in 1..=5 {
                    let mut want: Vec<Stated> =
                        all.iter().filter(|s| s.school == school && s.date == date(d)).copied().collect();
                    want.sort_unstable();
                    assert_eq!(spool.day(school, date(d)).expect("the file is there"), want);
                }
            }
        }
    }
}
