//! Rules: everything about a rule but its condition; filters, levels, windows of validity and its version.

use super::{Bench, calendar, condition, level, school, version};
use crate::config::problem::{did_you_mean, say};
use crate::config::raw;
use crate::config::read::{At, Opt};
use crate::domain::ids::{LadderId, RuleId};
use crate::domain::normalise;
use crate::domain::policy::{ActWords, CalendarPolicy, Ladder, School, Status};
use crate::domain::ratio::Ratio;
use crate::domain::rule::ast::{Age, DayTest, Filter, Rule, Sex, SubjectKind};

/// What rules refer to.
pub struct Known<'a> {
    pub statuses: &'a [Status],
    pub acts: &'a ActWords,
    pub schools: &'a [School],
    pub calendar: &'a CalendarPolicy,
    pub ladders: &'a [Ladder],
}

pub fn rules(list: &[At<raw::Rule>], known: &Known, b: &mut Bench) -> Vec<Rule> {
    let mut taken = Vec::new();
    let mut out = Vec::new();
    for raw in list {
        let id = super::id(&raw.id, &mut taken, b).map(str::to_string);
        if let Some(id) = &id
            && !super::is_kebab(id)
        {
            b.error(raw.id.pos, say!(not_kebab, id), Some(say!(hint_kebab)));
        }
        let rule = rule(raw, id.as_deref().unwrap_or(""), known, b);
        if let (Some(_), Some(rule)) = (id, rule) {
            out.push(rule);
        }
    }
    out
}

fn rule(raw: &raw::Rule, id: &str, known: &Known, b: &mut Bench) -> Option<Rule> {
    let title = raw.title.need(b.p, "title").map(|w| w.0.clone());
    let subject = match raw.subject.get() {
        Some(raw::SubjectWord::Class) => SubjectKind::Class,
        Some(raw::SubjectWord::School) => SubjectKind::School,
        _ => SubjectKind::Pupil,
    };
    let filter = raw.r#where.get().map_or_else(Filter::default, |w| filter(w, known, b));
    let when = raw.when.need(b.p, "when").map(|c| (c, raw.when.pos));
    let when = when.and_then(|(c, pos)| condition::cond(c, pos, subject, known, b));
    let ladder = raw.ladder.get().map(|name| {
        let ids: Vec<&str> = known.ladders.iter().map(|l| l.id.as_str()).collect();
        if !ids.contains(&name.as_str()) {
            b.error(raw.ladder.pos, say!(unknown_ladder, name), did_you_mean(name, &ids));
        }
        LadderId::new(name)
    });
    let (from, to) = match raw.effective.get() {
        Some(e) => {
            let (from, to) = (e.from.get().map(|d| d.0), e.to.get().map(|d| d.0));
            if from.zip(to).is_some_and(|(f, t)| t < f) {
                b.error(e.to.pos, say!(ends_before_it_begins), Some(say!(hint_backwards)));
            }
            (from, to)
        }
        None => (None, None),
    };
    let mut rule = Rule {
        id: RuleId::new(id),
        title: title?,
        basis: raw.basis.get().cloned(),
        subject,
        filter,
        day: day_test(&raw.day_share, &raw.day_lessons, b).unwrap_or(DayTest::Share(Ratio::HALF)),
        level: level(&raw.level, b).unwrap_or(1),
        ladder,
        effective_from: from,
        effective_to: to,
        when: when?,
        hash: String::new(),
    };
    rule.hash = version(&rule);
    Some(rule)
}

/// `day_share` or `day_lessons`; `None`: neither is given.
pub fn day_test(
    share: &Opt<raw::DayShare>,
    lessons: &Opt<crate::config::leaf::Number>,
    b: &mut Bench,
) -> Option<DayTest> {
    if share.given && lessons.given {
        b.error(lessons.pos, say!(only_one_of, "day_share, day_lessons"), Some(say!(hint_only_one)));
    }
    if let Some(n) = lessons.get() {
        if n.0.is_zero() {
            b.error(lessons.pos, say!(not_zero), Some(say!(hint_at_least_one)));
        }
        return Some(DayTest::Lessons(n.0));
    }
    share.get().map(|s| DayTest::Share(s.0))
}

fn filter(raw: &raw::Where, known: &Known, b: &mut Bench) -> Filter {
    let texts = |field: &Opt<crate::config::read::Many<String>>| -> Vec<String> {
        field.get().map(|m| m.0.iter().map(|v| v.value.clone()).collect()).unwrap_or_default()
    };
    // A list from which the last entry was taken would choose everybody.
    let lengths = [
        (raw.stage.pos, raw.stage.get().map(|m| m.0.len())),
        (raw.grade.pos, raw.grade.get().map(|m| m.0.len())),
        (raw.school.pos, raw.school.get().map(|m| m.0.len())),
        (
            raw.class.pos,
            raw.class.get().map(|m| m.0.iter().filter(|c| normalise::class_name(&c.value).is_some()).count()),
        ),
        (raw.group.pos, raw.group.get().map(|m| m.0.len())),
    ];
    for (pos, _) in lengths.into_iter().filter(|(_, n)| *n == Some(0)) {
        b.error(pos, say!(empty_list), Some(say!(hint_empty_list)));
    }
    for (pos, n) in raw.grade.get().map(|g| g.0.as_slice()).unwrap_or_default() {
        if !(1..=12).contains(n) {
            b.error(*pos, say!(bad_grade, n), Some(say!(hint_grade)));
        }
    }
    let age = raw.age.get().map(|a| {
        let years = |field: &Opt<u32>, b: &mut Bench| {
            let n = *field.get()?;
            let years = u8::try_from(n).ok().filter(|n| *n <= 99);
            if years.is_none() {
                b.error(field.pos, say!(bad_age, n), Some(say!(hint_age)));
            }
            years
        };
        let (from, to) = (years(&a.from, b), years(&a.to, b));
        if from.zip(to).is_some_and(|(f, t)| t < f) {
            b.error(a.to.pos, say!(ends_before_it_begins), Some(say!(hint_backwards)));
        }
        if !a.from.given && !a.to.given {
            b.error(a.pos, say!(need_one_of, "from, to"), Some(say!(hint_age)));
        }
        Age { from, to, on_school_year_start: matches!(a.on.get(), Some(raw::AgeOnWord::SchoolYearStart)) }
    });
    Filter {
        stages: raw.stage.get().map(|m| m.0.iter().map(|w| school::stage(w.value)).collect()).unwrap_or_default(),
        grades: raw.grade.get().map(|g| g.values()).unwrap_or_default(),
        schools: calendar::school_ids(&raw.school, known.schools, b).iter().map(|s| s.as_str().to_string()).collect(),
        classes: texts(&raw.class)
            .iter()
            .filter_map(|c| normalise::class_name(c))
            .map(|c| c.as_str().to_string())
            .collect(),
        groups: texts(&raw.group),
        boarding: raw.boarding.get().copied(),
        sex: raw.sex.get().map(|s| match s {
            raw::SexWord::Male => Sex::Male,
            raw::SexWord::Female => Sex::Female,
        }),
        age,
    }
}

/// Whether a pupil of this school can pass the filter.
pub fn reaches(filter: &Filter, school: &School) -> bool {
    let stages: Vec<_> = if filter.grades.is_empty() || school.grades.is_empty() {
        school.stages.iter().map(|(s, _)| *s).collect()
    } else {
        let both = school.grades.iter().filter(|g| filter.grades.contains(g));
        both.filter_map(|g| school.stage_of(Some(*g))).collect()
    };
    (filter.schools.is_empty() || filter.schools.iter().any(|s| school.id == s.as_str()))
        && !stages.is_empty()
        && (filter.stages.is_empty() || stages.iter().any(|s| filter.stages.contains(s)))
}
