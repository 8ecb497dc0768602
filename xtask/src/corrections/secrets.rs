//! Which texts are hidden from `Debug`: by their names, since a document does not say.

use heck::ToSnakeCase as _;
use serde_json::{Value, json};

use super::{Change, walk};
use crate::document::pointer_segment;

/// The last word of a name that is hidden: `code`, `verifyCode`, `sms_code`.
const LAST: &[&str] = &[
    "assertion",
    "cert",
    "certificate",
    "challenge",
    "code",
    "cookie",
    "credential",
    "hash",
    "hint",
    "jwt",
    "key",
    "nonce",
    "number",
    "otp",
    "passcode",
    "pin",
    "recovery",
    "signature",
    "state",
    "verifier",
];

/// A word anywhere in a name that is hidden: `oldPassword`, `idToken`, `phoneNumber`.
const ANYWHERE: &[&str] = &[
    "account",
    "address",
    "authorization",
    "birthdate",
    "email",
    "id_card",
    "identity_number",
    "message",
    "mobile",
    "passcode",
    "passport",
    "password",
    "phone",
    "private",
    "secret",
    "session",
    "ssn",
    "ticket",
    "token",
    "username",
];

/// Names that look like secrets and are not.
const OPEN: &[&str] = &[
    "country_code",
    "phone_country_code",
    "error_code",
    "lang_code",
    "language_code",
    "postal_code",
    "token_type",
    "token_type_hint",
    "zip_code",
];

/// Gives plain text with a telling name the format that is mapped to a type without a telling
/// `Debug`.
///
/// Cause: generated types derive `Debug`, and what is printed is logged sooner or later. A name
/// too many costs an `.as_str()`; one too few, somebody's password.
pub(super) fn hidden_text(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::schemas(document, &mut |pointer, schema| {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            let place = format!("{pointer}/properties{}", pointer_segment(name));
            let target = match property.get_mut("items") {
                Some(items) => items,
                None => property,
            };
            if is_telling(name) && is_plain_text(target) {
                target["format"] = json!("hidden-text");
                let mut what = "is hidden from `Debug`".to_owned();
                // The hidden type checks nothing; lengths and patterns are the service's to judge.
                for constraint in ["minLength", "maxLength", "pattern", "default"] {
                    let entries = target.as_object_mut();
                    if entries.is_some_and(|entries| entries.remove(constraint).is_some()) {
                        what += &format!(", without its `{constraint}`");
                    }
                }
                changes.push(Change::new(place, what));
            }
        }
    });
    changes
}

fn is_plain_text(schema: &Value) -> bool {
    schema.get("type").is_some_and(|of| of == "string")
        && schema.get("enum").is_none()
        // A format that the generator has a type for.
        && !schema.get("format").and_then(Value::as_str).is_some_and(|format| {
            matches!(format, "date" | "date-time" | "uuid" | "ip" | "ipv4" | "ipv6" | "binary")
                || format == "hidden-text"
        })
}

fn is_telling(name: &str) -> bool {
    let spelled = name.to_snake_case();
    if OPEN.contains(&spelled.as_str()) || spelled.ends_with("_type") || spelled.ends_with("_url") {
        return false;
    }
    let words: Vec<&str> = spelled.split('_').collect();
    let last = words.last().copied().unwrap_or_default();
    let singular = last.strip_suffix('s').unwrap_or(last);
    LAST.contains(&last)
        || LAST.contains(&singular)
        || ANYWHERE.iter().any(|word| {
            if word.contains('_') {
                spelled.contains(word)
            } else {
                words
                    .iter()
                    .any(|w| w == word || w.strip_suffix('s') == Some(word))
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns red if a word is taken off the lists.
    #[test]
    fn telling_names_are_known() {
        for name in [
            "code",
            "smsCode",
            "access_token",
            "idTokens",
            "phone",
            "phoneNumber",
            "purePhoneNumber",
            "oldPassword",
            "clientSecret",
            "email",
            "message",
            "recoveryCode",
            "ticket",
            "sessionKey",
        ] {
            assert!(is_telling(name), "{name}");
        }
        for name in [
            "countryCode",
            "name",
            "requestId",
            "token_type",
            "avatarUrl",
            "appId",
            "encoded",
        ] {
            assert!(!is_telling(name), "{name}");
        }
    }
}
