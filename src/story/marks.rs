//! Tokens of a strip: one mark for the day or one for each of its periods, and what each period's status then is.

use std::collections::BTreeMap;

/// What a mark says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark {
    Status(String),
    /// The export leaves the child out.
    NotListed,
    /// Nobody was recorded.
    NotRecorded,
}

/// The marks that need no explanation (interface.md §4).
pub fn built_in() -> BTreeMap<char, Mark> {
    let named = [
        ('√', "present"),
        ('×', "unexplained"),
        ('旷', "truant"),
        ('病', "sick"),
        ('事', "personal"),
        ('迟', "late"),
        ('退', "early_leave"),
        ('公', "official"),
        ('-', "not_listed"),
        ('.', "not_recorded"),
    ];
    named.into_iter().map(|(c, s)| (c, mark_of(s))).collect()
}

pub fn mark_of(status: &str) -> Mark {
    match status {
        "not_listed" => Mark::NotListed,
        "not_recorded" => Mark::NotRecorded,
        s => Mark::Status(s.to_owned()),
    }
}

/// A day as an export states it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Day {
    Whole(Mark),
    /// In the order of the day's periods.
    Periods(Vec<Mark>),
}

/// Why a token cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wrong {
    Mark(char),
    Length(usize),
}

/// Reads a token for a day of so many periods.
pub fn token(token: &str, periods: usize, marks: &BTreeMap<char, Mark>) -> Result<Day, Wrong> {
    let read: Result<Vec<Mark>, Wrong> = token.chars().map(|c| marks.get(&c).cloned().ok_or(Wrong::Mark(c))).collect();
    let mut read = read?;
    match read.len() {
        1 => Ok(Day::Whole(read.remove(0))),
        n if n == periods => Ok(Day::Periods(read)),
        n => Err(Wrong::Length(n)),
    }
}

impl Day {
    /// Each period on its own: a day that is `late` is so in its first period, one left early in its last.
    pub fn by_period(&self, periods: usize) -> Vec<Mark> {
        let one = |at: usize, status: &str| {
            (0..periods).map(|p| mark_of(if p == at { status } else { "present" })).collect::<Vec<_>>()
        };
        match self {
            Day::Periods(marks) => marks.clone(),
            Day::Whole(Mark::Status(s)) if s == "late" => one(0, s),
            Day::Whole(Mark::Status(s)) if s == "early_leave" => one(periods.saturating_sub(1), s),
            Day::Whole(mark) => vec![mark.clone(); periods],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_mark_or_one_for_each_period() {
        let s = |w: &str| Mark::Status(w.into());
        #[track_caller]
        fn check(text: &str, periods: usize, want: Result<Day, Wrong>) {
            assert_eq!(token(text, periods, &built_in()), want, "{text}");
        }
        check("√", 6, Ok(Day::Whole(s("present"))));
        check("√×.", 3, Ok(Day::Periods(vec![s("present"), s("unexplained"), Mark::NotRecorded])));
        check("√×", 3, Err(Wrong::Length(2)));
        check("√×x", 3, Err(Wrong::Mark('x')));
        check("-", 1, Ok(Day::Whole(Mark::NotListed)));
    }

    #[test]
    fn a_late_day_is_late_in_its_first_period() {
        let day = |w: &str| Day::Whole(mark_of(w)).by_period(3);
        assert_eq!(day("late"), [mark_of("late"), mark_of("present"), mark_of("present")]);
        assert_eq!(day("early_leave"), [mark_of("present"), mark_of("present"), mark_of("early_leave")]);
        assert_eq!(day("sick"), vec![mark_of("sick"); 3]);
    }
}
