//! The operation `get_wechat_miniprogram_phone`: its method, checks, result types and mapping.

use std::fmt;

use authing_api::Client;
use authing_api::scalars::{CountryCode, IdText, PhoneNumber};
use authing_api::types::{self, GetWechatMiniProgramPhoneDto, WechatPhoneInfoDto};
use chrono::{DateTime, Utc};
#[cfg(feature = "test-util")]
use serde::de::value::{Error as ValueError, MapDeserializer};
use serde::{Deserialize, Serialize};

use crate::client::AuthenticationClient;
use crate::operation::{Operation, Sent};
use crate::request::Request;
use crate::validate::{self, MAX_ID_LENGTH, Problem};

impl AuthenticationClient {
    /// Exchanges the one-time code of a WeChat mini program for the user's phone number.
    ///
    /// `code` is what `<button open-type="getPhoneNumber">` passes to the page: valid once, for
    /// five minutes, and not the code of `wx.login`. `ext_idp_connidentifier` is the identifier of
    /// the identity source connection in the Authing console, such as `my-wxapp`. Each is 1 to 512
    /// characters of visible ASCII. WeChat bills each success.
    ///
    /// Source: Authing's API reference, `get-wechat-miniprogram-phone`.
    ///
    /// # Errors
    ///
    /// When the [`Request`] is awaited, an [`Error`](crate::Error);
    /// [`is_retryable`](crate::Error::is_retryable) says whether the code can be sent again.
    pub fn get_wechat_miniprogram_phone(
        &self,
        code: impl Into<String>,
        ext_idp_connidentifier: impl Into<String>,
    ) -> Request<GetWechatMiniProgramPhoneRespDto> {
        let connection = ext_idp_connidentifier.into();
        let input = GetWechatMiniProgramPhoneDto::new(code.into().into(), connection.into());
        Request::new(self.clone(), input)
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::AuthenticationClient {
    /// Exchanges a code for the user's phone number, like
    /// [the async method](AuthenticationClient::get_wechat_miniprogram_phone).
    pub fn get_wechat_miniprogram_phone(
        &self,
        code: impl Into<String>,
        ext_idp_connidentifier: impl Into<String>,
    ) -> crate::blocking::Request<GetWechatMiniProgramPhoneRespDto> {
        self.request(|client| client.get_wechat_miniprogram_phone(code, ext_idp_connidentifier))
    }
}

/// A successful response. Source: Authing's API reference, "Request response".
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetWechatMiniProgramPhoneRespDto {
    /// Always 200.
    pub status_code: i32,
    /// The service's message, in the requested language; can be empty.
    #[serde(default)]
    pub message: String,
    /// A more specific code; only failures are known to have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_code: Option<i64>,
    /// The service's request ID, which Authing's support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The phone number.
    pub data: GetWechatMiniProgramPhoneDataDto,
}

/// The user's phone number. Source: Authing's API reference, "Data structure".
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetWechatMiniProgramPhoneDataDto {
    /// The number as the service returns it. Numbers from outside mainland China start with a plus
    /// sign and the country code; numbers from mainland China may or may not.
    pub phone_number: PhoneNumber,
    /// The number without country code, such as 13800138000.
    pub pure_phone_number: PhoneNumber,
    /// The country code without plus sign, such as 86.
    pub country_code: CountryCode,
    /// When and in which mini program the user agreed, if the response contains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Watermark>,
}

/// When and where the user agreed. Source: WeChat's API reference, `getuserphonenumber`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Watermark {
    /// The ID of the mini program, such as wx0123456789abcdef.
    pub appid: String,
    /// When the user tapped the button, in Unix seconds.
    #[serde(with = "chrono::serde::ts_seconds")]
    #[cfg_attr(feature = "schemars", schemars(with = "i64"))]
    pub timestamp: DateTime<Utc>,
}

impl GetWechatMiniProgramPhoneDataDto {
    /// Returns the number in E.164 form, which is the same for all responses about this number.
    ///
    /// Returns `None` if the country code or the number is not made of ASCII digits, if the country
    /// code starts with 0, or if there are more than 15 digits.
    pub fn e164(&self) -> Option<String> {
        let (country, number) = (self.country_code.as_str(), self.pure_phone_number.as_str());
        let e164 = format!("+{country}{number}");
        let is_e164 = !country.is_empty()
            && !number.is_empty()
            && !country.starts_with('0')
            && e164.len() <= "+".len() + 15
            && e164[1..].bytes().all(|byte| byte.is_ascii_digit());
        is_e164.then_some(e164)
    }
}

#[cfg(feature = "test-util")]
impl GetWechatMiniProgramPhoneDataDto {
    /// Creates a phone number without watermark, for unit tests. Panics if a text has no digit.
    pub fn new(phone_number: &str, pure_phone_number: &str, country_code: &str) -> Self {
        let names = ["phoneNumber", "purePhoneNumber", "countryCode"];
        let texts = [phone_number, pure_phone_number, country_code];
        let fields = MapDeserializer::<_, ValueError>::new(names.into_iter().zip(texts));
        #[expect(clippy::expect_used, reason = "only a unit test can be wrong")]
        Self::deserialize(fields).expect("every text has a digit")
    }
}

#[cfg(feature = "test-util")]
impl GetWechatMiniProgramPhoneRespDto {
    /// Creates a successful response with an empty message, for unit tests.
    pub fn new(data: GetWechatMiniProgramPhoneDataDto) -> Self {
        Self {
            status_code: 200,
            message: String::new(),
            api_code: None,
            request_id: None,
            data,
        }
    }
}

/// Hides the message, which can repeat what was sent.
impl fmt::Debug for GetWechatMiniProgramPhoneRespDto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetWechatMiniProgramPhoneRespDto")
            .field("status_code", &self.status_code)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

/// Shows the mini program's ID if it has the form of one. The timestamp could be a phone number.
impl fmt::Debug for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watermark")
            .field("appid", &IdText::from(self.appid.as_str()))
            .finish_non_exhaustive()
    }
}

impl Operation for GetWechatMiniProgramPhoneDto {
    const PATH: &'static str = "/api/v3/get-wechat-miniprogram-phone";
    const HAS_CODE: bool = true;
    type Response = types::GetWechatMiniProgramPhoneRespDto;
    type Output = GetWechatMiniProgramPhoneRespDto;

    fn check(&self) -> Result<(), Problem> {
        for (name, value) in [
            ("code", &self.code),
            ("ext_idp_connidentifier", &self.ext_idp_connidentifier),
        ] {
            validate::visible_ascii(value.as_str(), MAX_ID_LENGTH)
                .map_err(|problem| format!("{name} {problem}"))?;
        }
        Ok(())
    }

    fn hint(&self) -> Option<&'static str> {
        looks_like_a_login_code(self.code.as_str()).then_some(
            "the code looks like a wx.login code, but this call takes the code of the phone \
             number button",
        )
    }

    fn send<'a>(&'a self, api: &'a Client) -> impl Future<Output = Sent<Self::Response>> + Send {
        api.get_wechat_miniprogram_phone(self)
    }

    fn map(response: &mut Self::Response) -> Option<Self::Output> {
        let status_code = i32::try_from(response.status_code?.get()).ok()?;
        // The documented place first, then the observed ones.
        let mut data = response.data.as_deref_mut();
        let nested = data.as_mut().and_then(|data| data.phone_info.take());
        let beside = response.phone_info.take();
        let [mut nested, mut beside] =
            [nested, beside].map(|info| info.map(|info| from_wechat(*info)));
        let places = [data, nested.as_mut(), beside.as_mut()];
        let data = places.into_iter().flatten().find_map(complete)?;
        let message = response.message.take();
        Some(GetWechatMiniProgramPhoneRespDto {
            status_code,
            message: message.map(|text| text.into_string()).unwrap_or_default(),
            api_code: response.api_code.map(|code| code.get()),
            request_id: response.request_id.take().map(|id| id.into_string()),
            data,
        })
    }
}

/// WeChat's form of a phone number, in the documented form.
fn from_wechat(info: WechatPhoneInfoDto) -> types::GetWechatMiniProgramPhoneDataDto {
    let mut data = types::GetWechatMiniProgramPhoneDataDto::default();
    data.phone_number = info.phone_number;
    data.pure_phone_number = info.pure_phone_number;
    data.country_code = info.country_code;
    data.watermark = info.watermark;
    data
}

/// Takes a phone number with all three values. An incomplete watermark is dropped.
fn complete(
    data: &mut types::GetWechatMiniProgramPhoneDataDto,
) -> Option<GetWechatMiniProgramPhoneDataDto> {
    Some(GetWechatMiniProgramPhoneDataDto {
        phone_number: data.phone_number.take()?,
        pure_phone_number: data.pure_phone_number.take()?,
        country_code: data.country_code.take()?,
        watermark: data.watermark.as_mut().and_then(complete_watermark),
    })
}

fn complete_watermark(watermark: &mut Box<types::WechatWatermarkDto>) -> Option<Watermark> {
    Some(Watermark {
        appid: watermark.appid.take()?.into_string(),
        timestamp: DateTime::from_timestamp(watermark.timestamp?.get(), 0)?,
    })
}

/// Samples of `wx.login` codes are 32 letters and digits of both cases; phone number codes are 64
/// hexadecimal digits. Good enough for a hint, not for rejecting a code.
fn looks_like_a_login_code(code: &str) -> bool {
    code.len() == 32
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && code.bytes().any(|byte| byte.is_ascii_uppercase())
        && code.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn map(body: &Value) -> Option<GetWechatMiniProgramPhoneRespDto> {
        let mut response = serde_json::from_str(&body.to_string()).unwrap();
        GetWechatMiniProgramPhoneDto::map(&mut response)
    }

    #[test]
    fn a_number_is_complete_in_one_place_the_documented_first() {
        let number =
            |code: &str| json!({"phoneNumber": "+1", "purePhoneNumber": "1", "countryCode": code});
        let mut body = json!({"statusCode": 200, "data": number("1"), "phone_info": number("3")});
        body["data"]["phone_info"] = number("2");
        for expected in ["1", "2", "3"] {
            let data = map(&body).unwrap().data;
            assert_eq!(data.country_code.as_str(), expected);
            // The next place is read if one value is missing.
            let place = match expected {
                "1" => &mut body["data"],
                "2" => &mut body["data"]["phone_info"],
                _ => &mut body["phone_info"],
            };
            place["purePhoneNumber"] = Value::Null;
        }
        assert_eq!(map(&body), None);
        for status_code in [json!(null), json!(4_294_967_496_i64)] {
            let body = json!({"statusCode": status_code, "data": number("1")});
            assert_eq!(map(&body), None, "{status_code}");
        }
    }

    const CANARY: &str = "13800138000";

    fn reply(country_code: &str, number: &str, appid: &str) -> Value {
        json!({
            "statusCode": 200, "message": CANARY, "apiCode": 1, "requestId": CANARY,
            "data": {
                "phoneNumber": CANARY, "purePhoneNumber": number, "countryCode": country_code,
                "watermark": {"appid": appid, "timestamp": 1_637_744_274},
            },
        })
    }

    fn dto(reply: &Value) -> GetWechatMiniProgramPhoneRespDto {
        serde_json::from_value(reply.clone()).unwrap()
    }

    #[test]
    fn json_has_the_documented_names_and_debug_no_text_of_the_service() {
        for appid in ["wx0123456789abcdef", CANARY, "wx1"] {
            let reply = reply(CANARY, CANARY, appid);
            let (text, dto) = (reply.to_string(), dto(&reply));
            assert_eq!(serde_json::to_value(&dto).unwrap(), reply);
            let read: Option<_> = serde_json::from_reader(text.as_bytes()).ok();
            assert_eq!((read, map(&reply)), (Some(dto.clone()), Some(dto.clone())));
            let debug = format!("{dto:?} {dto:#?}");
            assert_eq!(debug.contains(appid), appid.len() == 18, "{debug}");
            assert!(
                !debug.contains(CANARY) && !debug.contains("2021-"),
                "{debug}"
            );
        }
        for part in ["appid", "timestamp"] {
            let mut reply = reply("86", CANARY, "wx1");
            reply["data"]["watermark"][part] = Value::Null;
            assert_eq!(map(&reply).unwrap().data.watermark, None, "{part}");
        }
    }

    #[test]
    fn e164_is_made_of_digits_only() {
        let e164 = |country, number| dto(&reply(country, number, "")).data.e164();
        assert_eq!(e164("852", "51234567").unwrap(), "+85251234567");
        assert_eq!(e164("86", "1234567890123").unwrap(), "+861234567890123");
        for number in ["12345678901234", "188xxxx8888", "1380 0138000", "１３８"] {
            assert_eq!(e164("86", number), None, "{number}");
        }
        for country_code in ["0", "086", "8a"] {
            assert_eq!(e164(country_code, CANARY), None, "{country_code}");
        }
    }
}
