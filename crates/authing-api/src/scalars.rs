//! The hand-written scalar types that the generator maps the document's formats to.
//!
//! A type that can hold something private hides it from `Debug` and has no `Display`, so that a
//! generated struct is safe to print whatever the document adds to it.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Defines a text whose content `Debug` never shows.
macro_rules! hidden_text {
    ($(#[$doc:meta])* $name:ident, $format:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text itself. Take care where it goes: it is not meant for logs.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text itself, handed over.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(<hidden>)"))
            }
        }

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": $format })
            }
        }
    };
}

/// Reads a [`hidden_text!`] from a JSON string and nothing else.
macro_rules! from_json_string {
    ($name:ident) => {
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self)
            }
        }
    };
}

hidden_text! {
    /// A value that gives access to something, or may hold what does: a one-time code, a
    /// connection's identifier as somebody chose it. Format `secret`.
    Secret, "secret"
}
from_json_string!(Secret);

hidden_text! {
    /// A phone number, or a part of one, exactly as the service spelled it. Format `phone-number`.
    ///
    /// Do not assume a leading `+`: WeChat gives numbers of mainland China without one.
    PhoneNumber, "phone-number"
}
from_json_string!(PhoneNumber);

hidden_text! {
    /// Words of the service, which may repeat what was sent to it. Format `untrusted-text`.
    UntrustedText, "untrusted-text"
}
from_json_string!(UntrustedText);

hidden_text! {
    /// An international calling code without its plus sign: `86`, `852`. Format `country-code`.
    ///
    /// Read from a string with or without a plus, or from a whole number: all three were seen.
    CountryCode, "country-code"
}

impl CountryCode {
    /// The calling code in a JSON value, if it holds one.
    pub(crate) fn from_value(value: Value) -> Option<Self> {
        let text = match value {
            Value::String(mut text) => {
                if text.starts_with('+') {
                    text.remove(0);
                }
                text
            }
            other => u32::try_from(whole_number(&other)?).ok()?.to_string(),
        };
        (!is_blank(&text)).then_some(Self(text))
    }
}

impl<'de> Deserialize<'de> for CountryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(value).ok_or_else(|| D::Error::custom("expected a calling code"))
    }
}

/// A whole number, however JSON spells it: `200` and `200.0` are the same. Format `whole-number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct WholeNumber(i64);

impl WholeNumber {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl From<i64> for WholeNumber {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        whole_number(&value)
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected a whole number"))
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for WholeNumber {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WholeNumber".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "format": "whole-number" })
    }
}

/// Whether a text holds nothing but white space.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// The whole number in a JSON value: an integer, or a decimal without a fraction.
pub(crate) fn whole_number(value: &Value) -> Option<i64> {
    // The first power of two that i64 cannot hold; every f64 below it converts without loss.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number)).then_some(number as i64)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Turns red if a `Debug` is derived.
    #[test]
    fn debug_hides_the_content() {
        const CANARY: &str = "13800138000";
        let printed = format!(
            "{:?} {:#?} {:?} {:?}",
            Secret::from(CANARY),
            PhoneNumber::from(CANARY),
            UntrustedText::from(CANARY),
            CountryCode::from_value(json!(CANARY)),
        );
        assert!(!printed.contains(CANARY), "{printed}");
        assert_eq!(PhoneNumber::from(CANARY).as_str(), CANARY);
    }

    #[test]
    fn whole_numbers_are_read_in_every_spelling() {
        for (value, expected) in [
            (json!(200), Some(200)),
            (json!(200.0), Some(200)),
            (json!(-1), Some(-1)),
            (json!(2e2), Some(200)),
            (json!(i64::MAX), Some(i64::MAX)),
            (json!(i64::MIN), Some(i64::MIN)),
            (json!(-9_223_372_036_854_775_808.0), Some(i64::MIN)),
            (json!(9_223_372_036_854_775_808.0), None),
            (json!(u64::MAX), None),
            (json!(200.5), None),
            (json!(1e300), None),
            (json!("200"), None),
            (json!(null), None),
            (json!(true), None),
            (json!([200]), None),
        ] {
            assert_eq!(whole_number(&value), expected, "{value}");
            assert_eq!(
                serde_json::from_value(value.clone()).ok(),
                expected.map(WholeNumber),
                "{value}"
            );
        }
    }

    #[test]
    fn calling_codes_are_read_in_every_spelling() {
        for (value, expected) in [
            (json!("86"), Some("86")),
            (json!("+86"), Some("86")),
            (json!(86), Some("86")),
            (json!(852.0), Some("852")),
            (json!(""), None),
            (json!("+"), None),
            (json!(" "), None),
            (json!(-86), None),
            (json!(86.5), None),
            (json!(null), None),
            (json!({}), None),
        ] {
            let read = CountryCode::from_value(value.clone());
            assert_eq!(read.as_ref().map(CountryCode::as_str), expected, "{value}");
            assert_eq!(serde_json::from_value(value.clone()).ok(), read, "{value}");
        }
    }
}
