//! Student numbers, id numbers (GB 11643) and telephone numbers.

use super::{NotUnderstood, clean};

/// Why a cell is no id number. The text itself is personal and is not repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadId {
    /// A spreadsheet kept it as a number and its last digits are gone (`1.10105E+17`).
    LostDigits,
    /// Not 18 characters, or a wrong check digit.
    Wrong,
}

/// A student number: trimmed, upper case, `315.0` as `315`. `Err` when a spreadsheet has rounded it.
pub fn student_no(cell: &str) -> Result<Option<String>, BadId> {
    let mut text = clean(cell);
    text.retain(|c| !c.is_whitespace());
    if text.is_empty() {
        return Ok(None);
    }
    if is_rounded(&text) {
        return Err(BadId::LostDigits);
    }
    if let Some((whole, zeros)) = text.split_once('.')
        && !whole.is_empty()
        && whole.bytes().all(|b| b.is_ascii_digit())
        && zeros.bytes().all(|b| b == b'0')
    {
        text = whole.to_string();
    }
    Ok(Some(text.to_uppercase()))
}

/// An id number of 18 characters with a good check digit, upper case.
pub fn id_number(cell: &str) -> Result<Option<String>, BadId> {
    let mut text = clean(cell);
    text.retain(|c| !c.is_whitespace());
    if text.is_empty() {
        return Ok(None);
    }
    if is_rounded(&text) {
        return Err(BadId::LostDigits);
    }
    let text = text.to_uppercase();
    if is_good_id_number(&text) { Ok(Some(text)) } else { Err(BadId::Wrong) }
}

/// GB 11643: 17 digits and the check character, MOD 11-2; the birth date must exist.
pub fn is_good_id_number(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let bytes = text.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = bytes[..17].iter().zip(WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
    if b"10X98765432"[(sum % 11) as usize] != bytes[17] {
        return false;
    }
    let number = |range: std::ops::Range<usize>| bytes[range].iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
    super::super::Date::from_ymd_opt(number(6..10) as i32, number(10..12), number(12..14)).is_some()
}

/// `1.10105E+17`: what is left of a long number that was kept as a floating-point one.
fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let exponent = exponent.trim_start_matches('+');
    !mantissa.is_empty()
        && mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && mantissa.as_bytes()[0].is_ascii_digit()
        && !exponent.is_empty()
        && exponent.bytes().all(|b| b.is_ascii_digit())
        && (mantissa.contains('.') || text.contains('+'))
}

/// The first telephone number of a cell: a mobile number of 11 digits or a landline with its area code, digits only.
/// `Ok(None)`: the cell is empty.
pub fn phone(cell: &str) -> Result<Option<String>, NotUnderstood> {
    let text = clean(cell);
    if matches!(text.as_str(), "" | "无" | "-" | "/") {
        return Ok(None);
    }
    // Two numbers in one cell are divided by a mark; blanks and hyphens divide the digits of one.
    for part in text.split(['/', '、', ',', ';', '，', '；', '或']) {
        if let Some(found) = one_phone(part) {
            return Ok(Some(found));
        }
    }
    text.split(' ').find_map(one_phone).map(Some).ok_or(NotUnderstood)
}

fn one_phone(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_suffix(".0").unwrap_or(text);
    if !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')')) {
        return None;
    }
    let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
    for prefix in ["0086", "86"] {
        if let Some(rest) = digits.strip_prefix(prefix)
            && rest.len() >= 10
        {
            digits = rest.to_string();
            break;
        }
    }
    let b = digits.as_bytes();
    let mobile = b.len() == 11 && b[0] == b'1' && (b'3'..=b'9').contains(&b[1]);
    let landline = (10..=12).contains(&b.len()) && b[0] == b'0' && b[1] != b'0';
    (mobile || landline).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_numbers_lose_only_the_traces_of_spreadsheets() {
        let check = |input: &str, expected: Result<Option<&str>, BadId>| {
            assert_eq!(student_no(input), expected.map(|o| o.map(str::to_string)), "{input:?}");
        };
        check("'0012", Ok(Some("0012")));
        check("G999999201501010011\t", Ok(Some("G999999201501010011")));
        check("=\"0012\"", Ok(Some("0012")));
        check("315.0", Ok(Some("315")));
        check("Ｓ１", Ok(Some("S1")));
        check("l99999920150101001x", Ok(Some("L99999920150101001X")));
        check(" ", Ok(None));
        check("4.40981E+17", Err(BadId::LostDigits));
        check("1E5", Ok(Some("1E5")));
    }

    #[test]
    fn an_id_number_counts_only_with_its_check_digit() {
        let check = |input: &str, expected: Result<Option<&str>, BadId>| {
            assert_eq!(id_number(input), expected.map(|o| o.map(str::to_string)), "{input:?}");
        };
        check("11010519491231002x", Ok(Some("11010519491231002X")));
        check("１１０１０５１９４９１２３１００２Ｘ", Ok(Some("11010519491231002X")));
        check("440524188001010014", Ok(Some("440524188001010014")));
        check("440524188001010015", Err(BadId::Wrong));
        check("110105201503078000", Err(BadId::Wrong));
        check("1.1010520150307851e+17", Err(BadId::LostDigits));
        check("110105491231002", Err(BadId::Wrong));
        check("", Ok(None));
    }

    #[test]
    fn phones_are_digits_whatever_stands_between_them() {
        let check = |input: &str, expected: Result<Option<&str>, NotUnderstood>| {
            assert_eq!(phone(input), expected.map(|o| o.map(str::to_string)), "{input:?}");
        };
        check("+86 139-0000-0001", Ok(Some("13900000001")));
        check("13900000001/13900000002", Ok(Some("13900000001")));
        check("13900000001 13900000002", Ok(Some("13900000001")));
        check("0871-65000001", Ok(Some("087165000001")));
        check("13900000001.0", Ok(Some("13900000001")));
        check("1390000000", Err(NotUnderstood));
        check("没有", Err(NotUnderstood));
        check("", Ok(None));
    }
}
