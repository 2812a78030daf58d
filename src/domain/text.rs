//! Text for people and gateways: clipping by characters, SMS segments, masking. The only place that cuts strings.

use unicode_normalization::char::is_combining_mark;

/// A gateway's or a server's own words without what may be personal: addresses and long numbers become `***`.
pub fn scrub(words: &str) -> String {
    let hidden = |w: &str| w.contains('@') || w.bytes().filter(u8::is_ascii_digit).count() >= 7;
    words.split(' ').map(|w| if hidden(w) { "***" } else { w }).collect::<Vec<_>>().join(" ")
}

/// At most `max` characters; what is cut shows as `…` (which counts). Never splits a character, nor a mark from its letter.
pub fn clip(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_string();
    }
    if max == 0 {
        return String::new();
    }
    let mut kept: Vec<char> = text.chars().take(max - 1).collect();
    let next = text.chars().nth(max - 1);
    if next.is_some_and(is_joined) {
        while kept.pop().is_some_and(is_joined) {}
    }
    kept.push('…');
    kept.into_iter().collect()
}

fn is_joined(c: char) -> bool {
    is_combining_mark(c)
        || matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}')
}

/// UTF-16 code units: what SMS gateways count (a letter is 1, an emoji 2).
pub fn sms_units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// SMS segments of a text, its signature included: up to 70 units are one, else 67 units each (channels.md §1.0).
pub fn sms_segments(text: &str) -> usize {
    match sms_units(text) {
        0..=70 => 1,
        n => n.div_ceil(67),
    }
}

/// A person's name with all but the first character hidden (张**).
pub fn mask_name(name: &str) -> String {
    let mut chars = name.trim().chars();
    match chars.next() {
        None => String::new(),
        Some(first) => {
            let hidden = chars.filter(|c| !is_joined(*c)).count().clamp(1, 2);
            format!("{first}{}", "*".repeat(hidden))
        }
    }
}

/// A number with all but its last two characters hidden.
pub fn mask_number(number: &str) -> String {
    let n = number.chars().count();
    let hidden = n.saturating_sub(2).max(n.min(2));
    number.chars().enumerate().map(|(i, c)| if i < hidden { '*' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_kept_without_addresses_and_numbers() {
        let said = "550 5.1.1 <zhang@county.test>: no such user, call 13900000001";
        assert_eq!(scrub(said), "550 5.1.1 *** no such user, call ***");
    }

    #[test]
    fn clipping_counts_characters() {
        let check = |input: &str, max: usize, expected: &str| assert_eq!(clip(input, max), expected);
        check("张小雨", 3, "张小雨");
        check("张小雨同学", 3, "张小…");
        check("abc", 0, "");
        check("abe\u{301}d", 3, "ab…");
        check("abe\u{301}d", 4, "ab…");
    }

    #[test]
    fn segments_follow_the_published_checks() {
        let check = |units: usize, expected: usize| assert_eq!(sms_segments(&"缺".repeat(units)), expected, "{units}");
        check(1, 1);
        check(70, 1);
        check(71, 2);
        check(134, 2);
        check(135, 3);
        check(150, 3);
        assert_eq!(sms_units("【华为云】"), 5);
        assert_eq!(sms_units("😀"), 2);
    }

    #[test]
    fn names_are_masked_to_their_first_character() {
        let check = |input: &str, expected: &str| assert_eq!(mask_name(input), expected);
        check("张小雨", "张**");
        check("何全", "何*");
        check("D", "D*");
        check("阿依古丽·买买提", "阿**");
        check("", "");
    }

    proptest::proptest! {
        #[test]
        fn clip_never_splits_a_character_and_never_exceeds(text in "\\PC*", max in 0usize..40) {
            let clipped = clip(&text, max);
            proptest::prop_assert!(clipped.chars().count() <= max);
            let body = clipped.strip_suffix('…').unwrap_or(&clipped);
            proptest::prop_assert!(text.starts_with(body));
        }
    }
}
