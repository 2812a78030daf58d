//! Exact fractions: every share, weight and threshold of rules.md is one; floating point is never used.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// A reduced fraction with a positive denominator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ratio {
    n: i64,
    d: i64,
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

impl Ratio {
    pub const ZERO: Ratio = Ratio { n: 0, d: 1 };
    pub const ONE: Ratio = Ratio { n: 1, d: 1 };
    pub const HALF: Ratio = Ratio { n: 1, d: 2 };

    /// `n / d`. A denominator of zero is read as one: callers check it where it can come from outside.
    pub fn new(n: i64, d: i64) -> Self {
        let d = if d == 0 { 1 } else { d };
        let g = gcd(n, d).max(1);
        let s = if d < 0 { -1 } else { 1 };
        Ratio { n: s * n / g, d: s * d / g }
    }
    pub fn whole(n: i64) -> Self {
        Ratio { n, d: 1 }
    }
    pub fn numerator(self) -> i64 {
        self.n
    }
    pub fn denominator(self) -> i64 {
        self.d
    }
    pub fn is_zero(self) -> bool {
        self.n == 0
    }
    /// Reads `3`, `1/3`, `10%`, `7.5%`, `0.5`; `None` for anything else.
    pub fn parse(s: &str) -> Option<Self> {
        let s = s.trim();
        if let Some(p) = s.strip_suffix('%') {
            let r = Self::parse(p.trim())?;
            return Some(Ratio::new(r.n, r.d.checked_mul(100)?));
        }
        if let Some((a, b)) = s.split_once('/') {
            let (a, b) = (a.trim().parse::<i64>().ok()?, b.trim().parse::<i64>().ok()?);
            return (b != 0).then(|| Ratio::new(a, b));
        }
        if let Some((a, b)) = s.split_once('.') {
            if b.is_empty() || b.len() > 9 || !b.bytes().all(|c| c.is_ascii_digit()) {
                return None;
            }
            let d = 10i64.pow(u32::try_from(b.len()).ok()?);
            let whole = a.parse::<i64>().ok()?.checked_mul(d)?;
            return Some(Ratio::new(whole.checked_add(b.parse::<i64>().ok()?)?, d));
        }
        s.parse().ok().map(Ratio::whole)
    }
}

impl std::ops::Add for Ratio {
    type Output = Ratio;
    fn add(self, o: Ratio) -> Ratio {
        Ratio::new(self.n * o.d + o.n * self.d, self.d * o.d)
    }
}
impl std::ops::Mul for Ratio {
    type Output = Ratio;
    fn mul(self, o: Ratio) -> Ratio {
        Ratio::new(self.n * o.n, self.d * o.d)
    }
}
impl PartialOrd for Ratio {
    fn partial_cmp(&self, o: &Ratio) -> Option<Ordering> {
        Some(self.cmp(o))
    }
}
impl Ord for Ratio {
    fn cmp(&self, o: &Ratio) -> Ordering {
        (i128::from(self.n) * i128::from(o.d)).cmp(&(i128::from(o.n) * i128::from(self.d)))
    }
}
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.d == 1 { write!(f, "{}", self.n) } else { write!(f, "{}/{}", self.n, self.d) }
    }
}
impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl TryFrom<String> for Ratio {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        Ratio::parse(&s).ok_or_else(|| format!("not a fraction: {s}"))
    }
}
impl From<Ratio> for String {
    fn from(r: Ratio) -> String {
        r.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_read_as_people_write_them() {
        fn check(s: &str, want: Option<(i64, i64)>) {
            assert_eq!(Ratio::parse(s), want.map(|(n, d)| Ratio::new(n, d)), "{s}");
        }
        check("1/3", Some((1, 3)));
        check(" 2 / 4 ", Some((1, 2)));
        check("10%", Some((1, 10)));
        check("7.5%", Some((3, 40)));
        check("0.5", Some((1, 2)));
        check("5", Some((5, 1)));
        check("1/0", None);
        check("x", None);
        check("1.", None);
    }
}
