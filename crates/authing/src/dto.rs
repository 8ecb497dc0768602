//! What a successful call yields, under the documented names.

use authing_api::scalars::{CountryCode, PhoneNumber};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A successful answer. In JSON its fields have the documented names, in both directions.
///
/// Source: the vendor's page for the method, "Request response".
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetWechatMiniProgramPhoneRespDto {
    /// 200; anything else is an [`Error`](crate::Error).
    pub status_code: i32,
    /// The service's words; may be empty, and is in the language that was asked for.
    #[serde(default)]
    pub message: String,
    /// A finer code; only failures are known to have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_code: Option<i64>,
    /// The service's id of the request, which the vendor's support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The phone number.
    pub data: GetWechatMiniProgramPhoneDataDto,
}

/// The user's phone number.
///
/// Source: the vendor's page for the method, "Data structure"; the watermark is WeChat's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetWechatMiniProgramPhoneDataDto {
    /// The number as the service spells it. Numbers from outside mainland China carry a `+` and
    /// the calling code; those from inside may or may not. For one form of all numbers see
    /// [`e164`](Self::e164).
    pub phone_number: PhoneNumber,
    /// The number without its calling code: `13800138000`.
    pub pure_phone_number: PhoneNumber,
    /// The calling code without a plus: `86`.
    pub country_code: CountryCode,
    /// When, and in which mini program, the user agreed; if the answer says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Watermark>,
}

/// WeChat's note of when and where the user agreed to share the number.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Watermark {
    /// The mini program's id, such as `wx0123456789abcdef`.
    pub appid: String,
    /// When the user tapped. In JSON, Unix seconds.
    #[serde(with = "chrono::serde::ts_seconds")]
    #[cfg_attr(feature = "schemars", schemars(with = "i64"))]
    pub timestamp: DateTime<Utc>,
}

impl GetWechatMiniProgramPhoneDataDto {
    /// The number in the form of ITU-T E.164: `+`, the calling code, the number without it.
    ///
    /// Nothing if either part is anything but digits, or they are more than the 15 that E.164
    /// allows; the number is then still to be had as the service spelled it.
    pub fn e164(&self) -> Option<String> {
        const MAX_DIGITS: usize = 15;
        let parts = [self.country_code.as_str(), self.pure_phone_number.as_str()];
        let plain =
            |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let digits: usize = parts.iter().map(|part| part.len()).sum();
        (parts.iter().all(plain) && digits <= MAX_DIGITS).then(|| format!("+{}", parts.concat()))
    }
}

/// Shows the mini program's id only if it has the form of one: it is a text of the service's, and
/// might repeat what was sent.
impl std::fmt::Debug for Watermark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let appid = Some(&self.appid).filter(|appid| is_appid(appid));
        f.debug_struct("Watermark")
            .field("appid", &appid)
            .field("timestamp", &self.timestamp)
            .finish()
    }
}

/// Whether a text has the form of a mini program's id: `wx` and 16 hexadecimal digits.
fn is_appid(text: &str) -> bool {
    text.strip_prefix("wx").is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Shows no phone number, and not the message either: it is the service's, and may repeat one.
impl std::fmt::Debug for GetWechatMiniProgramPhoneRespDto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GetWechatMiniProgramPhoneRespDto")
            .field("status_code", &self.status_code)
            .field("api_code", &self.api_code)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn reply() -> Value {
        json!({
            "statusCode": 200, "message": "ok", "apiCode": 1, "requestId": "r",
            "data": {
                "phoneNumber": "+8613800138000", "purePhoneNumber": "13800138000", "countryCode": "86",
                "watermark": {"appid": "wx1", "timestamp": 1_637_744_274},
            },
        })
    }

    #[test]
    fn json_names_are_the_documented_ones_in_both_directions() {
        let dto: GetWechatMiniProgramPhoneRespDto = serde_json::from_value(reply()).unwrap();
        assert_eq!(
            dto.data.watermark.as_ref().map(|w| w.timestamp.timestamp()),
            Some(1_637_744_274)
        );
        assert_eq!(serde_json::to_value(&dto).unwrap(), reply());
    }

    /// Turns red if a `Debug` is derived where a text of the service's stands.
    #[test]
    fn debug_shows_only_what_has_the_form_of_an_id() {
        const CANARY: &str = "13800138000";
        let said = |appid: &str| {
            let mut reply = reply();
            reply["message"] = CANARY.into();
            reply["requestId"] = CANARY.into();
            reply["data"]["watermark"]["appid"] = appid.into();
            let dto: GetWechatMiniProgramPhoneRespDto = serde_json::from_value(reply).unwrap();
            format!("{dto:?} {dto:#?}")
        };
        let text = said(CANARY);
        assert!(
            !text.contains(CANARY) && text.contains("timestamp"),
            "{text}"
        );
        assert!(
            text.contains("status_code: 200") && text.contains("phone_number"),
            "{text}"
        );
        assert!(said("wx0123456789abcdef").contains("wx0123456789abcdef"));
        for odd in [
            "wx0123456789abcde",
            "wx0123456789abcdef0",
            "xw0123456789abcdef",
            "wx0123456789abcdeg",
        ] {
            assert!(!said(odd).contains(odd), "{odd}");
        }
    }

    #[test]
    fn e164_needs_plain_digits() {
        for (country_code, pure, expected) in [
            ("86", "13800138000", Some("+8613800138000")),
            ("852", "51234567", Some("+85251234567")),
            ("86", "188xxxx8888", None),
            ("86", "1380 0138000", None),
            ("8a", "13800138000", None),
            ("86", "", None),
            ("86", "１３８００１３８０００", None),
            ("86", "1234567890123", Some("+861234567890123")),
            ("86", "12345678901234", None),
        ] {
            let mut reply = reply();
            reply["data"]["countryCode"] = country_code.into();
            reply["data"]["purePhoneNumber"] = pure.into();
            let dto: GetWechatMiniProgramPhoneRespDto = serde_json::from_value(reply).unwrap();
            assert_eq!(
                dto.data.e164().as_deref(),
                expected,
                "{country_code} {pure}"
            );
        }
    }
}
