//! The hand-written types that the formats of the OpenAPI document stand for.
//!
//! A type that may hold private text hides it from `Debug` and has no `Display`.

use std::fmt;

use serde::de::{Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Defines a text type: its format, the function that decodes it, and what `Debug` shows of it.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $format:literal, $decode:literal, $shown:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(
            feature = "schemars",
            derive(schemars::JsonSchema),
            schemars(inline, extend("format" = $format))
        )]
        #[serde(transparent)]
        pub struct $name(#[serde(deserialize_with = $decode)] String);

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

        impl<T: Into<String>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let shown: fn(&Self) -> Option<&str> = $shown;
                let text = shown(self).unwrap_or("<hidden>");
                write!(f, concat!(stringify!($name), "({})"), text)
            }
        }
    };
}

text! {
    /// A value that gives access to something, such as a one-time code. Format `secret`.
    Secret, "secret", "String::deserialize", |_| None
}

text! {
    /// A phone number, or a part of one, exactly as the service spells it. Format `phone-number`.
    ///
    /// A leading `+` is not guaranteed: WeChat returns numbers of mainland China without one. A
    /// text without any digit is not decoded.
    PhoneNumber, "phone-number", "text_with_digit", |_| None
}

text! {
    /// An international country code without a plus sign: `86`, `852`. Format `country-code`.
    ///
    /// Decodes from `"86"`, `"+86"` and `86`, but not from a text without any digit.
    CountryCode, "country-code", "country_code", |_| None
}

text! {
    /// A message of the service, which may repeat parts of the request. Format `untrusted-text`.
    UntrustedText, "untrusted-text", "String::deserialize", |_| None
}

text! {
    /// An ID that the service assigned. Format `id-text`.
    ///
    /// `Debug` shows it only if it is well formed.
    IdText, "id-text", "String::deserialize", Self::well_formed
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

fn text_with_digit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = Some(String::deserialize(deserializer)?);
    text.filter(|text| text.contains(char::is_numeric))
        .ok_or_else(|| D::Error::custom("expected a text with a digit"))
}

fn country_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(text) => text.strip_prefix('+').unwrap_or(&text).to_owned(),
        value => match whole(&value).map(u32::try_from) {
            Some(Ok(code)) => code.to_string(),
            _ => String::new(),
        },
    };
    text_with_digit(text.into_deserializer())
}

fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        // `parse` also accepts a leading plus sign.
        Value::String(text) if !text.starts_with('+') => text.parse().ok(),
        value => whole(&value),
    };
    number.ok_or_else(|| D::Error::custom("expected a whole number"))
}

/// Returns a number without fraction, such as `200` and `200.0`.
fn whole(value: &Value) -> Option<i64> {
    // A float without fraction is printed without one.
    let float = || value.as_f64()?.to_string().parse().ok();
    value.as_i64().or_else(float)
}

/// A whole number. Format `whole-number`.
///
/// Decodes from `200`, `200.0` and decimal digits in a string, such as `"40029"` and `"-1"`.
/// `Debug` hides numbers of more than six digits, because they could be phone numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schemars",
    derive(schemars::JsonSchema),
    schemars(inline, extend("format" = "whole-number"))
)]
#[serde(transparent)]
pub struct WholeNumber(#[serde(deserialize_with = "whole_number")] i64);

impl WholeNumber {
    /// Returns the number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Debug for WholeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            number @ -999_999..=999_999 => write!(f, "WholeNumber({number})"),
            _ => f.write_str("WholeNumber(<hidden>)"),
        }
    }
}

impl From<i64> for WholeNumber {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_decode_from_values_and_readers() {
        let json = serde_json::json!([200, "200", 86, "+86", "188xx88"]);
        let (number, code) = (WholeNumber(200), CountryCode::from("86"));
        let scalars = (
            number,
            number,
            code.clone(),
            code,
            PhoneNumber::from("188xx88"),
        );
        let read = serde_json::from_reader(json.to_string().as_bytes());
        assert_eq!(read.ok(), Some(scalars.clone()));
        assert_eq!(serde_json::from_value(json).ok(), Some(scalars));
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
