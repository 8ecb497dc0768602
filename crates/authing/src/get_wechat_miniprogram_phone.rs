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
        let body =
            GetWechatMiniProgramPhoneDto::new(code.into().into(), ext_idp_connidentifier.into());
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
            request_id: reply.envelope.request_id,
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
        appid: read.appid?,
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
}
