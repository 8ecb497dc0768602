//! Phone numbers as a tester writes them, split into calling code and national number.

use std::fmt;

/// A phone number in its two parts, digits only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phone {
    pub(crate) country_code: String,
    pub(crate) national: String,
}

/// Why a phone number cannot be given to a code. The text never repeats the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhoneNumberError {
    /// Nothing was given.
    Empty,
    /// Something other than a leading `+` and ASCII digits.
    NotDigits,
    /// Without a `+` only an 11-digit mainland number that begins with 1 is understood.
    NotMainland,
    /// A `+86` number must have 11 digits after the 86 and begin with 1: WeChat hands out mobile
    /// numbers only.
    NotMainlandMobile,
    /// A calling code begins with 1 to 9.
    NoSuchCallingCode,
    /// E.164 allows 15 digits with the calling code; fewer than 4 after it are no number.
    Length,
}

impl fmt::Display for PhoneNumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the phone number is empty",
            Self::NotDigits => {
                "the phone number may hold a leading + and digits only, such as +8613800138000"
            }
            Self::NotMainland => {
                "a phone number without + must be a mainland number: 11 digits that begin with 1"
            }
            Self::NotMainlandMobile => {
                "a +86 phone number needs 11 digits after the 86, the first of them 1"
            }
            Self::NoSuchCallingCode => "no calling code begins with 0",
            Self::Length => {
                "a phone number has 4 digits or more after its calling code, and 15 at most in all"
            }
        })
    }
}

impl std::error::Error for PhoneNumberError {}

impl Phone {
    /// Reads `+<calling code><national number>` or a bare mainland number.
    pub(crate) fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        if text.is_empty() {
            return Err(PhoneNumberError::Empty);
        }
        let (international, digits) = match text.strip_prefix('+') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PhoneNumberError::NotDigits);
        }
        if !international {
            return if is_mainland_mobile(digits) {
                Ok(Self {
                    country_code: "86".to_owned(),
                    national: digits.to_owned(),
                })
            } else {
                Err(PhoneNumberError::NotMainland)
            };
        }
        let length = calling_code_length(digits).ok_or(PhoneNumberError::NoSuchCallingCode)?;
        if digits.len() > 15 || digits.len() < length + 4 {
            return Err(PhoneNumberError::Length);
        }
        let (country_code, national) = digits.split_at(length);
        if country_code == "86" && !is_mainland_mobile(national) {
            return Err(PhoneNumberError::NotMainlandMobile);
        }
        Ok(Self {
            country_code: country_code.to_owned(),
            national: national.to_owned(),
        })
    }

    /// `+<calling code><national number>`.
    pub(crate) fn e164(&self) -> String {
        format!("+{}{}", self.country_code, self.national)
    }

    /// Whether the number is of mainland China, where WeChat may leave the calling code out.
    pub(crate) fn is_mainland(&self) -> bool {
        self.country_code == "86"
    }
}

fn is_mainland_mobile(digits: &str) -> bool {
    digits.len() == 11 && digits.starts_with('1')
}

/// How many of the leading digits are the calling code, by the prefix rules of ITU-T E.164: zones
/// 1 and 7 have one digit, the pairs listed here two, everything else three.
fn calling_code_length(digits: &str) -> Option<usize> {
    let bytes = digits.as_bytes();
    match (bytes.first()?, bytes.get(1)) {
        (b'0', _) => None,
        (b'1' | b'7', _) => Some(1),
        (b'2', Some(b'0' | b'7'))
        | (b'3', Some(b'0'..=b'4' | b'6' | b'9'))
        | (b'4', Some(b'0' | b'1' | b'3'..=b'9'))
        | (b'5', Some(b'1'..=b'8'))
        | (b'6', Some(b'0'..=b'6'))
        | (b'8', Some(b'1' | b'2' | b'4' | b'6'))
        | (b'9', Some(b'0'..=b'5' | b'8')) => Some(2),
        _ => Some(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_split_by_the_itu_prefix_rules() {
        for (text, country_code, national) in [
            ("+8613800138000", "86", "13800138000"),
            ("13800138000", "86", "13800138000"),
            ("+85251234567", "852", "51234567"),
            ("+12025550123", "1", "2025550123"),
            ("+79161234567", "7", "9161234567"),
            ("+442071234567", "44", "2071234567"),
            ("+420601123456", "420", "601123456"),
            ("+358401234567", "358", "401234567"),
            ("+8801712345678", "880", "1712345678"),
            ("+9613123456", "961", "3123456"),
            ("+2348021234567", "234", "8021234567"),
            ("+27821234567", "27", "821234567"),
            ("+5511987654321", "55", "11987654321"),
            ("+59170012345", "591", "70012345"),
            ("+6591234567", "65", "91234567"),
            ("+6737123456", "673", "7123456"),
        ] {
            let phone = Phone::parse(text).unwrap();
            assert_eq!(
                (phone.country_code.as_str(), phone.national.as_str()),
                (country_code, national),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_refused_with_its_reason() {
        for (text, error) in [
            ("", PhoneNumberError::Empty),
            ("+", PhoneNumberError::NotDigits),
            ("+86 138 0013 8000", PhoneNumberError::NotDigits),
            ("+86١٣٨", PhoneNumberError::NotDigits),
            ("++8613800138000", PhoneNumberError::NotDigits),
            ("8613800138000", PhoneNumberError::NotMainland),
            ("23800138000", PhoneNumberError::NotMainland),
            ("1380013800", PhoneNumberError::NotMainland),
            ("+861380013800", PhoneNumberError::NotMainlandMobile),
            ("+8623800138000", PhoneNumberError::NotMainlandMobile),
            ("+0123456789", PhoneNumberError::NoSuchCallingCode),
            ("+852123", PhoneNumberError::Length),
            ("+1234567890123456", PhoneNumberError::Length),
        ] {
            assert_eq!(Phone::parse(text), Err(error), "{text}");
        }
    }
}
