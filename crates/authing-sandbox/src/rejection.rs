//! The reasons for rejections, with the numbers and texts of Authing and WeChat.

use serde::Serialize;
use serde_json::Value;

use crate::answer::{Answer, envelope, wechat_error};
use crate::request::Request;

/// What the response to a rejected request says.
enum Said {
    /// Authing's `statusCode`, `apiCode`, and `message` in Chinese and English. The numbers are
    /// from Authing's table; which of them belongs to which mistake is assumed, except for 2011
    /// and 2224.
    Authing(i32, Option<i64>, (&'static str, &'static str)),
    /// WeChat's `errcode` and `errmsg` (documented), in an envelope of success.
    WeChat(i64, &'static str),
}
use Said::{Authing, WeChat};

macro_rules! rejections {
    ($($(#[$doc:meta])* $variant:ident $said:expr;)+) => {
        /// Why a request got no phone number. In JSON its name, such as `code-used`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Rejection {
            $($(#[$doc])* $variant,)+
        }

        impl Rejection {
            fn said(self) -> Said {
                match self {
                    $(Self::$variant => $said,)+
                }
            }
        }
    };
}

rejections! {
    /// More requests in this second than the rate limit allows. The code was not looked at.
    Throttled Authing(429, None, ("请求过于频繁，请稍后再试", "Too many requests, try again later"));
    /// The content type is not `application/json`.
    ContentType Authing(400, None, ("content-type 必须为 application/json", "content-type must be application/json"));
    /// The body is not one JSON object.
    NotJson Authing(400, None, ("请求体不是 JSON 对象", "The request body is not a JSON object"));
    /// A required field is absent, not a string, or empty.
    MissingField Authing(400, None, ("参数格式错误：code 和 extIdpConnidentifier 必须为非空字符串", "Malformed argument: code and extIdpConnidentifier must be non-empty strings"));
    /// Neither `x-authing-app-id` nor `x-authing-userpool-id` was sent.
    MissingIdentity Authing(400, None, ("缺少请求头 x-authing-app-id", "The header x-authing-app-id is missing"));
    /// `x-authing-app-id` is not the sandbox's application.
    UnknownApp Authing(403, Some(2011), ("应用不存在", "The application does not exist"));
    /// `x-authing-userpool-id` is not the sandbox's user pool.
    UnknownUserpool Authing(404, Some(2224), ("用户池不存在", "The user pool does not exist"));
    /// The application has no such identity source connection.
    UnknownConnection Authing(404, None, ("身份源连接不存在：extIdpConnidentifier", "The identity source connection does not exist: extIdpConnidentifier"));
    /// The code was never issued, as a code of `wx.login`, or has been forgotten.
    CodeUnknown WeChat(40029, "invalid code");
    /// The code is older than [`CODE_LIFETIME`](crate::CODE_LIFETIME).
    CodeExpired WeChat(40029, "invalid code");
    /// The code belongs to another connection, hence to another mini program.
    CodeOfAnother WeChat(40029, "invalid code");
    /// The code was used before.
    CodeUsed WeChat(40163, "code been used");
}

impl Rejection {
    /// Returns WeChat's error, or the response in which Authing rejects the request.
    pub(crate) fn render(self, request: &Request) -> Result<Value, Answer> {
        let (status_code, api_code, message) = match self.said() {
            WeChat(errcode, errmsg) => return Ok(wechat_error(errcode, errmsg)),
            Authing(status_code, api_code, message) => (status_code, api_code, message),
        };
        let mut envelope = envelope(status_code, request.localize(message));
        if let Some(api_code) = api_code {
            envelope.shift_insert(2, "apiCode".to_owned(), api_code.into());
        }
        Err(match self {
            Self::Throttled => Answer::json(429, &envelope).header("retry-after", "1"),
            _ => Answer::json(200, &envelope),
        })
    }
}

/// The message of success, in Chinese and English (documented).
pub(crate) const SUCCESS: (&str, &str) = ("操作成功", "Operation successful");
