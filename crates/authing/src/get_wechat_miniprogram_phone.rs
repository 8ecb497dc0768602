//! The operation `get_wechat_miniprogram_phone`: a mini program's code for the phone number.

use authing_api::Client;
use authing_api::reply::{self, PhoneData, PhoneInfo, Reply};
use authing_api::scalars::UntrustedText;
use authing_api::types::GetWechatMiniProgramPhoneDto;
use chrono::DateTime;

use crate::client::AuthenticationClient;
use crate::dto::{GetWechatMiniProgramPhoneDataDto, GetWechatMiniProgramPhoneRespDto, Watermark};
use crate::operation::{Operation, Sent};
use crate::request::Request;
use crate::validate::{self, MAX_ID_LENGTH, Refusal, named};

impl AuthenticationClient {
    /// Exchanges the one-time code of a WeChat mini program for the user's phone number.
    ///
    /// `code` is what `<button open-type="getPhoneNumber">` hands to the page: usable once, for
    /// five minutes, and not the code of `wx.login`. `ext_idp_connidentifier` is the identifier of
    /// the "WeChat mini program" connection configured in Authing, such as `my-wxapp`.
    ///
    /// The request is sent when the returned [`Request`] is awaited, and at most once, save where
    /// the code surely stayed untouched. Each success is billed to the mini program's owner.
    ///
    /// Source: the vendor's page for this method, `AuthenticationClient.get_wechat_miniprogram_phone`.
    ///
    /// # Errors
    ///
    /// When awaited, an [`Error`](crate::Error) whose
    /// [`code_state`](crate::Error::code_state) tells whether the user must tap again.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn example(client: authing::AuthenticationClient, code: &str) -> Result<(), authing::Error> {
    /// let reply = client.get_wechat_miniprogram_phone(code, "my-wxapp").await?;
    /// let phone = reply.data.phone_number.as_str();
    /// # let _ = phone; Ok(())
    /// # }
    /// ```
    pub fn get_wechat_miniprogram_phone(
        &self,
        code: impl Into<String>,
        ext_idp_connidentifier: impl Into<String>,
    ) -> Request<GetWechatMiniprogramPhone> {
        let body = GetWechatMiniProgramPhoneDto::new(
            code.into().into(),
            ext_idp_connidentifier.into().into(),
        );
        Request::new(self.clone(), GetWechatMiniprogramPhone { body })
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::AuthenticationClient {
    /// Exchanges the one-time code of a WeChat mini program for the user's phone number; see
    /// [the async method](AuthenticationClient::get_wechat_miniprogram_phone), which this is.
    ///
    /// # Errors
    ///
    /// When sent, an [`Error`](crate::Error) whose [`code_state`](crate::Error::code_state) tells
    /// whether the user must tap again.
    pub fn get_wechat_miniprogram_phone(
        &self,
        code: impl Into<String>,
        ext_idp_connidentifier: impl Into<String>,
    ) -> crate::blocking::Request<GetWechatMiniprogramPhone> {
        let client = self.client();
        self.request(client.get_wechat_miniprogram_phone(code, ext_idp_connidentifier))
    }
}

/// The operation behind [`AuthenticationClient::get_wechat_miniprogram_phone`]; a parameter of
/// [`Request`], and nothing else.
// No `Debug`: it carries the code.
#[expect(
    missing_debug_implementations,
    reason = "it carries the code and is never printed"
)]
pub struct GetWechatMiniprogramPhone {
    body: GetWechatMiniProgramPhoneDto,
}

impl Operation for GetWechatMiniprogramPhone {
    const PATH: &'static str = "/api/v3/get-wechat-miniprogram-phone";
    type Data = PhoneData;
    type Output = GetWechatMiniProgramPhoneRespDto;

    fn check(&self) -> Result<(), Refusal> {
        let arguments = [
            ("code", self.body.code.as_str()),
            (
                "ext_idp_connidentifier",
                self.body.ext_idp_connidentifier.as_str(),
            ),
        ];
        arguments.into_iter().try_for_each(|(name, value)| {
            validate::visible_ascii(value, MAX_ID_LENGTH).map_err(|refusal| named(name, refusal))
        })
    }

    fn hint(&self) -> Option<&'static str> {
        looks_like_a_login_code(self.body.code.as_str()).then_some(
            "the code looks like one of wx.login; this call takes the one of the phone button",
        )
    }

    async fn send(&self, api: &Client) -> Sent<PhoneData> {
        api.get_wechat_miniprogram_phone(&self.body).await
    }

    fn finish(mut reply: Reply<PhoneData>) -> Result<Self::Output, Reply<PhoneData>> {
        let Ok(status_code) = i32::try_from(reply.status_code) else {
            return Err(reply);
        };
        // The documented place first, then WeChat's own, then WeChat's beside `statusCode`.
        let beside = reply
            .beside
            .as_deref_mut()
            .and_then(|beside| beside.phone_info.as_deref_mut());
        let places = [
            Some(&mut reply.data.flat),
            reply.data.phone_info.as_deref_mut(),
            beside,
        ];
        let Some(data) = places.into_iter().flatten().find_map(whole_phone) else {
            return Err(reply);
        };
        Ok(GetWechatMiniProgramPhoneRespDto {
            status_code,
            message: reply
                .envelope
                .message
                .map(UntrustedText::into_string)
                .unwrap_or_default(),
            api_code: reply.envelope.api_code,
            request_id: reply.envelope.request_id.map(UntrustedText::into_string),
            data,
        })
    }
}

/// Takes the phone number from one place of an answer, if all its parts stand there.
fn whole_phone(info: &mut PhoneInfo) -> Option<GetWechatMiniProgramPhoneDataDto> {
    if info.pure_phone_number.is_none() || info.country_code.is_none() {
        return None;
    }
    Some(GetWechatMiniProgramPhoneDataDto {
        phone_number: info.phone_number.take()?,
        pure_phone_number: info.pure_phone_number.take()?,
        country_code: info.country_code.take()?,
        watermark: info
            .watermark
            .take()
            .and_then(|watermark| whole_watermark(*watermark)),
    })
}

/// The watermark, if it is whole; an odd one costs nothing but itself.
fn whole_watermark(read: reply::Watermark) -> Option<Watermark> {
    Some(Watermark {
        appid: read.appid?.into_string(),
        timestamp: DateTime::from_timestamp(read.timestamp?, 0)?,
    })
}

/// Samples of `wx.login` codes are 32 letters and digits of both cases; samples of phone codes
/// are 64 hexadecimal digits. Good for a hint, never for a refusal.
fn looks_like_a_login_code(code: &str) -> bool {
    code.len() == 32
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && code.bytes().any(|byte| byte.is_ascii_uppercase())
        && code.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_codes_are_told_by_their_look() {
        for (code, expected) in [
            ("0c3aBcDeFgHiJkLmNoPqRsTuVwXyZ012", true),
            ("0c3aBcDeFgHiJkLmNoPqRsTuVwXyZ0123", false),
            ("0c3abcdefghijklmnopqrstuvwxyz012", false),
            ("0C3ABCDEFGHIJKLMNOPQRSTUVWXYZ012", false),
            ("0c3aBcDeFgHiJkLmNoPqRsTuVwXyZ01-", false),
            (
                "8d0c3f5a7be1942068d0c3f5a7be1942068d0c3f5a7be1942068d0c3f5a7be19",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(looks_like_a_login_code(code), expected, "{code}");
        }
    }

    fn operation(code: &str, connection: &str) -> GetWechatMiniprogramPhone {
        let body = GetWechatMiniProgramPhoneDto::new(code.into(), connection.into());
        GetWechatMiniprogramPhone { body }
    }

    #[test]
    fn both_arguments_are_checked_and_named() {
        assert_eq!(operation("c0de", "my-wxapp").check(), Ok(()));
        let refusal = operation("", "my-wxapp").check().unwrap_err();
        assert_eq!(refusal, "code is empty");
        let refusal = operation("c0de", "my wxapp").check().unwrap_err();
        assert!(
            refusal.starts_with("ext_idp_connidentifier holds"),
            "{refusal}"
        );
        let longest = "a".repeat(MAX_ID_LENGTH);
        assert_eq!(operation(&longest, &longest).check(), Ok(()));
        assert!(operation(&(longest + "a"), "my-wxapp").check().is_err());
    }

    #[test]
    fn the_hint_speaks_of_the_login_code() {
        let login = operation("0c3aBcDeFgHiJkLmNoPqRsTuVwXyZ012", "my-wxapp");
        assert!(login.hint().is_some_and(|hint| hint.contains("wx.login")));
        assert_eq!(operation("c0de", "my-wxapp").hint(), None);
    }

    fn finished(body: &str) -> Option<GetWechatMiniProgramPhoneRespDto> {
        let reply = Reply::from_slice(body.as_bytes()).unwrap();
        GetWechatMiniprogramPhone::finish(reply).ok()
    }

    fn numbers(reply: &GetWechatMiniProgramPhoneRespDto) -> [&str; 3] {
        let data = &reply.data;
        [
            data.phone_number.as_str(),
            data.pure_phone_number.as_str(),
            data.country_code.as_str(),
        ]
    }

    #[test]
    fn a_number_is_found_in_each_of_its_places_the_documented_first() {
        let number =
            |n: u8| format!(r#""phoneNumber":"+{n}1","purePhoneNumber":"1","countryCode":{n}"#);
        let (flat, nested, beside) = (number(1), number(2), number(3));
        for (body, expected) in [
            (
                format!(
                    r#"{{"statusCode":200,"data":{{{flat},"phone_info":{{{nested}}}}},"phone_info":{{{beside}}}}}"#
                ),
                ["+11", "1", "1"],
            ),
            (
                format!(
                    r#"{{"statusCode":200,"data":{{"phone_info":{{{nested}}}}},"phone_info":{{{beside}}}}}"#
                ),
                ["+21", "1", "2"],
            ),
            (
                format!(r#"{{"statusCode":200,"phone_info":{{{beside}}}}}"#),
                ["+31", "1", "3"],
            ),
        ] {
            let reply = finished(&body).unwrap();
            assert_eq!(numbers(&reply), expected, "{body}");
            assert_eq!((reply.status_code, reply.message.as_str()), (200, ""));
        }
        // A number in pieces, in places of its own, is none; and so is one with a piece missing.
        for body in [
            format!(r#"{{"statusCode":200,{flat}}}"#),
            r#"{"statusCode":200,"data":{"phoneNumber":"1","phone_info":{"purePhoneNumber":"1","countryCode":1}}}"#.to_owned(),
            r#"{"statusCode":200,"data":{"phoneNumber":"1","purePhoneNumber":"1"}}"#.to_owned(),
            format!(r#"{{"statusCode":4294967496,"data":{{{flat}}}}}"#),
        ] {
            assert!(finished(&body).is_none(), "{body}");
        }
    }

    #[test]
    fn what_the_envelope_says_is_handed_on_and_an_odd_watermark_costs_itself_alone() {
        let with = |watermark: &str| {
            let body = format!(
                r#"{{"statusCode":200,"message":"m","apiCode":7,"requestId":"r","data":{{"phoneNumber":"1",
                "purePhoneNumber":"2","countryCode":"3","watermark":{watermark}}}}}"#
            );
            finished(&body).unwrap()
        };
        let reply = with(r#"{"appid":"wx1","timestamp":1637744274}"#);
        assert_eq!((reply.message.as_str(), reply.api_code), ("m", Some(7)));
        assert_eq!(reply.request_id.as_deref(), Some("r"));
        assert_eq!(numbers(&reply), ["1", "2", "3"]);
        let watermark = reply.data.watermark.unwrap();
        assert_eq!(watermark.appid, "wx1");
        assert_eq!(watermark.timestamp.timestamp(), 1_637_744_274);
        for odd in [
            "null",
            "{}",
            r#"{"appid":"wx1"}"#,
            r#"{"timestamp":1}"#,
            r#"{"appid":"wx1","timestamp":9223372036854775807}"#,
        ] {
            assert_eq!(with(odd).data.watermark, None, "{odd}");
        }
    }
}
