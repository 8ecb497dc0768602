//! The hand-written types that the formats of the OpenAPI document stand for.
//!
//! A type that may hold private text hides it from `Debug` and has no `Display`.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Defines a type: what it holds, its format, the function that reads it, and what `Debug` shows.
macro_rules! scalar {
    ($(#[$meta:meta])* $name:ident($inner:ty), $format:literal, $read:expr, $shown:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize)]
        #[cfg_attr(
            feature = "schemars",
            derive(schemars::JsonSchema),
            schemars(inline, extend("format" = $format))
        )]
        #[serde(transparent)]
        pub struct $name($inner);

        // An error of serde would quote the value.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $read(Value::deserialize(deserializer)?);
                let error = || D::Error::custom(concat!("expected format ", $format));
                value.map(Self).ok_or_else(error)
            }
        }

        impl<T: Into<$inner>> From<T> for $name {
            fn from(inner: T) -> Self {
                Self(inner.into())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let shown: fn(&Self) -> Option<String> = $shown;
                let shown = shown(self).unwrap_or_else(|| "<hidden>".to_owned());
                write!(f, concat!(stringify!($name), "({})"), shown)
            }
        }
    };
}

/// Defines a text type.
macro_rules! text {
    ($(#[$meta:meta])* $name:ident, $format:literal, $read:expr, $shown:expr) => {
        scalar! { $(#[$meta])* $name(String), $format, $read, $shown }

        impl $name {
            /// Returns the text. Do not log it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the text by value.
            pub fn into_string(self) -> String {
                self.0
            }
        }
    };
}

text! {
    /// A value that gives access to something, such as a one-time code. Format `secret`.
    Secret, "secret", text, |_| None
}

text! {
    /// A phone number, or a part of one, exactly as the service spells it. Format `phone-number`.
    ///
    /// A leading `+` is not guaranteed: WeChat returns numbers of mainland China without one. A
    /// text without any digit is not decoded.
    PhoneNumber, "phone-number", text_with_digit, |_| None
}

text! {
    /// An international country code without a plus sign: `86`, `852`. Format `country-code`.
    ///
    /// Decodes from `"86"`, `"+86"` and `86`, but not from a text without any digit.
    CountryCode, "country-code", country_code, |_| None
}

text! {
    /// A message of the service, which may repeat parts of the request. Format `untrusted-text`.
    UntrustedText, "untrusted-text", text, |_| None
}

text! {
    /// An ID that the service assigned. Format `id-text`.
    ///
    /// `Debug` shows it only if it is well formed.
    IdText, "id-text", text, |id| id.well_formed().map(str::to_owned)
}

impl IdText {
    /// Returns the ID if it is a UUID, or `wx` and 16 hexadecimal digits.
    ///
    /// An ID of decimal digits only is not well formed, because it could be a phone number.
    pub fn well_formed(&self) -> Option<&str> {
        let digit_as_0 = |c: char| if c.is_ascii_hexdigit() { '0' } else { c };
        let form: String = self.0.chars().map(digit_as_0).collect();
        let forms = ["00000000-0000-0000-0000-000000000000", "wx0000000000000000"];
        let digits = self.0.trim_start_matches("wx");
        let has_letter = digits.contains(|c: char| c.is_ascii_alphabetic());
        (forms.contains(&&*form) && has_letter).then_some(&self.0)
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn text_with_digit(value: Value) -> Option<String> {
    text(value).filter(|text| text.contains(char::is_numeric))
}

fn country_code(value: Value) -> Option<String> {
    let code = match value {
        Value::String(text) => text.strip_prefix('+').unwrap_or(&text).to_owned(),
        value => u32::try_from(whole(&value)?).ok()?.to_string(),
    };
    text_with_digit(code.into())
}

fn whole_number(value: Value) -> Option<i64> {
    match value {
        // `parse` also accepts a leading plus sign.
        Value::String(text) if !text.starts_with('+') => text.parse().ok(),
        value => whole(&value),
    }
}

/// Returns a number without fraction, such as `200` and `200.0`.
fn whole(value: &Value) -> Option<i64> {
    // A float without fraction is printed without one.
    let float = || value.as_f64()?.to_string().parse().ok();
    value.as_i64().or_else(float)
}

scalar! {
    /// A whole number. Format `whole-number`.
    ///
    /// Decodes from `200`, `200.0` and decimal digits in a string, such as `"40029"` and `"-1"`.
    /// `Debug` hides numbers of more than six digits, because they could be phone numbers.
    #[derive(Copy, PartialOrd, Ord)]
    WholeNumber(i64), "whole-number", whole_number, |number| {
        matches!(number.0, -999_999..=999_999).then(|| number.0.to_string())
    }
}

impl WholeNumber {
    /// Returns the number.
    pub fn get(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_do_not_quote_values() {
        let error = serde_json::from_str::<PhoneNumber>("13800138000").unwrap_err();
        assert_eq!(error.to_string(), "expected format phone-number");
    }

    #[test]
    fn debug_shows_short_numbers_and_well_formed_ids_only() {
        let hidden = "<hidden>";
        for (number, shown) in [
            (-999_999, "-999999"),
            (1_000_000, hidden),
            (-1_000_000, hidden),
        ] {
            let printed = format!("{:?}", WholeNumber(number));
            assert_eq!(printed, format!("WholeNumber({shown})"));
        }
        for id in ["934108e5-9fbf-4d24-8da1-c330328abd6c", "wx0123456789abcdef"] {
            assert_eq!(format!("{:?}", IdText::from(id)), format!("IdText({id})"));
        }
        let ids = "13800138-0000-1380-0138-000013800138|wx0013800138000000|wx0123456789abcdefg|\
            wx0123456789abcdeg|934108e59fbf4d248da1c330328abd6c|\
            934108e5-9fbf-4d24-8da1-c330328abd6c\n|";
        for id in ids.split('|') {
            assert_eq!(format!("{:?}", IdText::from(id)), "IdText(<hidden>)");
        }
    }
}
