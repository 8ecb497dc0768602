//! Phone numbers as a tester writes them, and the random identifiers that the sandbox makes up.

use std::iter;

/// Splits `+<country code><national number>`, or a bare mainland number, into these two parts. The
/// error never repeats the number.
pub(crate) fn split(number: &str) -> Result<(&str, &str), &'static str> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("a phone number has digits and a leading +, such as +8613800138000");
    }
    let (country_code, national) = if digits == number {
        ("86", digits)
    } else {
        // The country codes with one and two digits (ITU-T E.164); all others have three.
        let length = match digits.get(..2).unwrap_or_default().parse::<u8>() {
            Ok(0..=9) => return Err("no country code begins with 0"),
            Ok(10..=19 | 70..=79) => 1,
            Ok(20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66) => 2,
            Ok(81 | 82 | 84 | 86 | 90..=95 | 98) => 2,
            _ => 3,
        };
        digits.split_at_checked(length).unwrap_or((digits, ""))
    };
    if country_code == "86" && !(national.len() == 11 && national.starts_with('1')) {
        return Err("a number with +86 or without + has 11 more digits, the first of them 1");
    }
    if digits.len() > 15 || national.len() < 4 {
        return Err("a phone number has at least 4 digits after its country code, 15 in all");
    }
    Ok((country_code, national))
}

/// A request id in the form of a version 4 UUID, as in Authing's sample.
pub(crate) fn request_id() -> String {
    let (third, fourth) = (hex(3), hex(3));
    format!("{}-{}-4{third}-a{fourth}-{}", hex(8), hex(4), hex(12))
}

/// WeChat's `rid`, the end of every `errmsg`: three groups of eight hexadecimal digits.
pub(crate) fn rid() -> String {
    format!("{}-{}-{}", hex(8), hex(8), hex(8))
}

/// Random hexadecimal digits in lower case.
pub(crate) fn hex(length: usize) -> String {
    let digits = iter::repeat_with(|| fastrand::digit(16));
    digits.take(length).collect()
}
