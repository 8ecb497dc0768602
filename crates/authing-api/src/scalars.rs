//! The hand-written types that the formats of the OpenAPI document stand for.
//!
//! A type that may hold private text hides it from `Debug` and has no `Display`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

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
    /// A leading `+` is not guaranteed: WeChat returns numbers of mainland China without one.
    PhoneNumber, "phone-number", "phone_number", |_| None
}

text! {
    /// An international country code without a plus sign: `86`, `852`. Format `country-code`.
    ///
    /// Decodes from `"86"`, `"+86"` and `86`.
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
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_uuid =
            self.0.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && self.0.split('-').all(is_hex);
        let digits = match self.0.strip_prefix("wx") {
            Some(digits) if digits.len() == 16 && is_hex(digits) => digits,
            _ if is_uuid => &self.0,
            _ => return None,
        };
        let has_letter = digits.bytes().any(|byte| byte.is_ascii_alphabetic());
        has_letter.then_some(&self.0)
    }
}

fn phone_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match is_blank(&text) {
        false => Ok(text),
        true => Err(D::Error::custom("expected a phone number")),
    }
}

fn country_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = match deserializer.deserialize_any(ScalarVisitor)? {
        Scalar::Number(number) => u32::try_from(number).ok().map(|code| code.to_string()),
        Scalar::Text(text) => {
            let digits = text.strip_prefix('+').unwrap_or(&text);
            (!is_blank(digits)).then(|| digits.to_owned())
        }
    };
    text.ok_or_else(|| D::Error::custom("expected a country code"))
}

/// A whole number. Format `whole-number`.
///
/// Decodes from `200`, `200.0` and decimal digits in a string, such as `"40029"` and `"-1"`.
/// `Debug` hides numbers of more than six digits, because they could be phone numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(
    feature = "schemars",
    derive(schemars::JsonSchema),
    schemars(inline, extend("format" = "whole-number"))
)]
#[serde(transparent)]
pub struct WholeNumber(i64);

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

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Number(number) => Some(number),
            // `parse` also accepts a leading plus sign.
            Scalar::Text(text) if text.starts_with('+') => None,
            Scalar::Text(text) => text.parse().ok(),
        };
        number
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected a whole number"))
    }
}

enum Scalar {
    Number(i64),
    Text(String),
}

/// Reads a string or a whole number from any deserializer.
struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a whole number")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Scalar, E> {
        i64::try_from(number).map(Scalar::Number).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Scalar, E> {
        // The smallest power of two above `i64::MAX`. All whole numbers below it convert exactly.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        if number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number) {
            Ok(Scalar::Number(number as i64))
        } else {
            Err(E::custom("not a whole number"))
        }
    }

    /// With the feature `arbitrary_precision` of serde_json, numbers arrive as maps.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))?;
        match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Ok(Scalar::Number(number)),
            (None, Some(number)) => self.visit_f64(number),
            (None, None) => Err(A::Error::custom("not a whole number")),
        }
    }
}

/// Returns whether a text has no visible character.
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || c.is_control()
            || matches!(
                c,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                    | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                    | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
            )
    })
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    /// Decodes from a string, a reader and a `Value`, which must agree.
    fn read<T: DeserializeOwned + PartialEq + fmt::Debug>(json: &str) -> Option<T> {
        let read: Option<T> = serde_json::from_str(json).ok();
        let from_reader = serde_json::from_reader(json.as_bytes());
        assert_eq!(from_reader.ok(), read, "{json}");
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::from_value(value).ok(), read, "{json}");
        read
    }

    #[test]
    fn debug_hides_what_could_be_private() {
        const CANARY: &str = "13800138000";
        let code: CountryCode = read(&format!("{CANARY:?}")).unwrap();
        let number: WholeNumber = read(CANARY).unwrap();
        let (secret, phone) = (Secret::from(CANARY), PhoneNumber::from(CANARY));
        let (text, id) = (UntrustedText::from(CANARY), IdText::from(CANARY));
        let printed = format!("{code:?} {number:?} {secret:?} {phone:#?} {text:?} {id:?}");
        assert!(!printed.contains(CANARY), "{printed}");
        assert_eq!((phone.as_str(), text.as_str()), (CANARY, CANARY));
        assert_eq!(format!("{:?}", WholeNumber(40029)), "WholeNumber(40029)");
    }

    #[test]
    fn debug_shows_well_formed_ids_only() {
        for id in ["934108e5-9fbf-4d24-8da1-c330328abd6c", "wx0123456789abcdef"] {
            assert_eq!(format!("{:?}", IdText::from(id)), format!("IdText({id})"));
        }
        for id in [
            "13800138-0000-1380-0138-000013800138",
            "wx0013800138000000",
            "wx0123456789abcdefg",
            "wx0123456789abcdeg",
            "934108e59fbf4d248da1c330328abd6c",
            "934108e5-9fbf-4d24-8da1-c330328abd6c\n",
            "934108e5-9fbf-4d24-8da1-c330328abd\u{e9}",
            "wx",
            "",
        ] {
            assert_eq!(format!("{:?}", IdText::from(id)), "IdText(<hidden>)");
        }
    }

    #[test]
    fn whole_numbers() {
        let error = serde_json::from_str::<WholeNumber>("true").unwrap_err();
        let error = error.to_string();
        assert!(error.contains("a string or a whole number"), "{error}");
        for (texts, expected) in [
            (r#"200 200.0 2e2 "200""#, Some(200)),
            (r#"-1 "-1""#, Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808 200.5 null true [200]", None),
            (r#""200.0" "+200" "2OO" "" {"":200}"#, None),
        ] {
            for json in texts.split(' ') {
                assert_eq!(read(json), expected.map(WholeNumber), "{json}");
            }
        }
    }

    #[test]
    fn country_codes_and_phone_numbers() {
        for (texts, expected) in [
            (r#""86" "+86" 86 86.0"#, Some("86")),
            (r#""+" "" "\u0020" "\u200b" -86 86.5 {} null"#, None),
        ] {
            for json in texts.split(' ') {
                let code: Option<CountryCode> = read(json);
                assert_eq!(code.as_ref().map(CountryCode::as_str), expected, "{json}");
            }
        }
        assert!(read::<PhoneNumber>(r#""188xxxx8888""#).is_some());
        for json in r#""" "\u0020" "\u200b\ufeff" 13800138000"#.split(' ') {
            assert_eq!(read::<PhoneNumber>(json), None, "{json}");
        }
    }
}
