//! Class names and grades: 三年级2班, 三(2)班 and 三2班 are one name, 七年级 and 初一 one grade (interface.md §2).

use super::{clean, small_number};
use crate::domain::ids::ClassName;

const GRADES: [&str; 9] = ["一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// The canonical name of a class; forms that are not understood are kept, trimmed. `None`: empty.
pub fn class_name(text: &str) -> Option<ClassName> {
    let mut text = clean(text);
    text.retain(|c| !c.is_whitespace());
    if text.is_empty() {
        return None;
    }
    Some(ClassName::new(grade_and_number(&text).map_or(text, |(grade, number)| match grade {
        1..=9 => format!("{}年级{number}班", GRADES[usize::from(grade) - 1]),
        _ => format!("高{}{number}班", GRADES[usize::from(grade) - 10]),
    })))
}

/// The grade that a class name or a grade cell names: 1…6 primary, 7…9 junior, 10…12 senior.
pub fn grade_of(text: &str) -> Option<u8> {
    let mut text = clean(text);
    text.retain(|c| !c.is_whitespace());
    if let Some((grade, _)) = grade_and_number(&text) {
        return Some(grade);
    }
    if let Some((grade, rest)) = leading_grade(&text)
        && matches!(rest, "" | "年级" | "级")
    {
        return Some(grade);
    }
    let lower = text.to_lowercase();
    let english = lower.strip_prefix("grade").or_else(|| lower.strip_prefix("year")).unwrap_or(&text);
    let number = english.trim_end_matches("年级").trim_end_matches(".0");
    small_number(number).filter(|n| (1..=12).contains(n)).map(|n| n as u8)
}

fn grade_and_number(text: &str) -> Option<(u8, u32)> {
    let (grade, rest) = leading_grade(text)?;
    let rest = rest.strip_prefix("年级").or_else(|| rest.strip_prefix('年')).unwrap_or(rest);
    let body = rest.strip_suffix('班').unwrap_or(rest);
    let inner = body.strip_prefix('(').and_then(|b| b.strip_suffix(')')).unwrap_or(body);
    let inner = inner.strip_suffix('班').unwrap_or(inner);
    // 三十二班 would be read as a number, not as grade 3 class 12: a Chinese number needs 年级 or brackets before it.
    let bare = body == rest && inner == body;
    if inner.is_empty() || (bare && rest.len() == text.len()) {
        return None;
    }
    let arabic = inner.bytes().all(|b| b.is_ascii_digit());
    let divided = text.contains("年") || body.starts_with('(') || text.starts_with(['初', '高']);
    if !arabic && !divided {
        return None;
    }
    small_number(inner).filter(|n| *n > 0).map(|n| (grade, n))
}

/// A grade at the start, and what follows: 三…, 3年级…, 初一…, 高二….
fn leading_grade(text: &str) -> Option<(u8, &str)> {
    let digit = |c: char| GRADES.iter().position(|g| g.starts_with(c)).map(|n| n as u8 + 1);
    let mut chars = text.chars();
    let first = chars.next()?;
    let base = match first {
        '初' => Some(6),
        '高' => Some(9),
        _ => None,
    };
    if let Some(base) = base {
        let year = chars.next()?;
        let n = digit(year).or_else(|| year.to_digit(10).map(|n| n as u8)).filter(|n| (1..=3).contains(n))?;
        return Some((base + n, chars.as_str()));
    }
    if let Some(n) = digit(first) {
        return Some((n, chars.as_str()));
    }
    // With Arabic digits only 3年级… is a grade: 701 and 8班 may be anything.
    let end = text.bytes().position(|b| !b.is_ascii_digit())?;
    let rest = &text[end..];
    let n: u8 = text[..end].parse().ok()?;
    ((1..=12).contains(&n) && rest.starts_with("年级") && n <= 9).then_some((n, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_class_are_one_name() {
        let check = |input: &str, expected: &str| {
            assert_eq!(class_name(input).map(String::from).as_deref(), Some(expected), "{input}");
        };
        for form in [
            "三年级2班",
            "三(2)班",
            "三（２）班",
            "三2班",
            "3年级2班",
            "三年级二班",
            "三年级(02)班",
            " 三年级 2班",
            "三年2班",
            "三(2)",
        ] {
            check(form, "三年级2班");
        }
        for form in ["七年级2班", "初一(2)班", "初一2班", "七(2)班", "初一（二）班"] {
            check(form, "七年级2班");
        }
        check("初三1班", "九年级1班");
        check("高三(11)", "高三11班");
        check("高一3班", "高一3班");
        for kept in
            ["8班", "八班", "701", "白-高二(01)", "高一(13)IB", "Year 3 - Blue".replace(' ', "").as_str(), "三十二班"]
        {
            check(kept, kept);
        }
        assert!(class_name(" \u{3000}").is_none());
    }

    #[test]
    fn grades_are_read_from_cells_and_class_names() {
        let check = |input: &str, expected: Option<u8>| assert_eq!(grade_of(input), expected, "{input}");
        check("3", Some(3));
        check("三年级", Some(3));
        check("三", Some(3));
        check("初一", Some(7));
        check("七年级", Some(7));
        check("八年级3班", Some(8));
        check("高二", Some(11));
        check("Grade 5", Some(5));
        check("3.0", Some(3));
        check("大班", None);
        check("13", None);
        check("2023级", None);
    }
}
