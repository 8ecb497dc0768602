//! Why an exchange is refused, and the numbers and words in which Authing would say so.

use serde::Serialize;

/// Why a request got no phone number. In JSON the kebab-case name, such as `code-used`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refusal {
    /// More requests in this second than the rate limit allows. The code was not looked at.
    Throttled,
    /// The content type is not `application/json`.
    ContentType,
    /// The body is larger than [`MAX_REQUEST_BODY`](crate::MAX_REQUEST_BODY).
    BodyTooLarge,
    /// The body is not one JSON object.
    NotJson,
    /// `code` or `extIdpConnidentifier` is absent, not a string, or empty.
    MissingField,
    /// Neither `x-authing-app-id` nor `x-authing-userpool-id` was sent.
    MissingIdentity,
    /// No application has the id in `x-authing-app-id`, or it is in another user pool than
    /// `x-authing-userpool-id` says.
    UnknownApp,
    /// No application is in the user pool that `x-authing-userpool-id` names.
    UnknownUserpool,
    /// The application has no connection of that identifier.
    UnknownConnection,
    /// The code was never issued here, or has been forgotten.
    CodeUnknown,
    /// The code is older than [`CODE_LIFETIME`](crate::CODE_LIFETIME).
    CodeExpired,
    /// The code belongs to another application or connection, hence to another mini program.
    CodeOfAnother,
    /// A `wx.login` code: the classic mistake.
    LoginCode,
    /// The code was used before.
    CodeUsed,
}

/// The language of `message`, from the header `x-authing-lang`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

impl Language {
    /// Chinese is the service's default; every other language that it knows falls back to English
    /// here, since the vendor's own words in those are not known.
    pub(crate) fn from_header(value: Option<&str>) -> Self {
        match value {
            None => Self::Chinese,
            Some(value) if value.to_ascii_lowercase().starts_with("zh") => Self::Chinese,
            Some(_) => Self::English,
        }
    }

    pub(crate) fn pick(self, chinese: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

/// The words of success, in Chinese and English (documented).
pub(crate) const SUCCESS: (&str, &str) = ("操作成功", "Operation successful");

impl Refusal {
    /// WeChat's `errcode` and the beginning of its `errmsg`, when it is WeChat that refuses
    /// (documented).
    pub(crate) fn wechat(self) -> Option<(i64, &'static str)> {
        match self {
            Self::CodeUnknown | Self::CodeExpired | Self::CodeOfAnother | Self::LoginCode => {
                Some((40029, "invalid code"))
            }
            Self::CodeUsed => Some((40163, "code been used")),
            Self::Throttled
            | Self::ContentType
            | Self::BodyTooLarge
            | Self::NotJson
            | Self::MissingField
            | Self::MissingIdentity
            | Self::UnknownApp
            | Self::UnknownUserpool
            | Self::UnknownConnection => None,
        }
    }

    /// `statusCode` and `apiCode`. Both are the vendor's table (documented); which of them meets
    /// which mistake is a guess save for 2011 and 2224.
    pub(crate) fn status_code(self) -> (i32, Option<i64>) {
        match self {
            Self::Throttled => (429, None),
            Self::ContentType | Self::NotJson | Self::MissingField | Self::MissingIdentity => {
                (400, None)
            }
            Self::BodyTooLarge => (413, None),
            Self::UnknownApp => (403, Some(2011)),
            Self::UnknownUserpool => (404, Some(2224)),
            Self::UnknownConnection => (404, None),
            // WeChat's word comes inside a successful envelope.
            Self::CodeUnknown
            | Self::CodeExpired
            | Self::CodeOfAnother
            | Self::LoginCode
            | Self::CodeUsed => (200, None),
        }
    }

    /// The words of `message`; guesses. They name the argument, never its value.
    pub(crate) fn message(self, language: Language) -> &'static str {
        let (chinese, english) = match self {
            Self::Throttled => (
                "请求过于频繁，请稍后再试",
                "Too many requests, try again later",
            ),
            Self::ContentType => (
                "content-type 必须为 application/json",
                "content-type must be application/json",
            ),
            Self::BodyTooLarge => ("请求体过大", "Request body too large"),
            Self::NotJson => (
                "请求体不是 JSON 对象",
                "The request body is not a JSON object",
            ),
            Self::MissingField => (
                "参数格式错误：code 和 extIdpConnidentifier 必须为非空字符串",
                "Malformed argument: code and extIdpConnidentifier must be non-empty strings",
            ),
            Self::MissingIdentity => (
                "缺少请求头 x-authing-app-id",
                "The header x-authing-app-id is missing",
            ),
            Self::UnknownApp => ("应用不存在", "The application does not exist"),
            Self::UnknownUserpool => ("用户池不存在", "The user pool does not exist"),
            Self::UnknownConnection => (
                "身份源连接不存在：extIdpConnidentifier",
                "The identity source connection does not exist: extIdpConnidentifier",
            ),
            Self::CodeUnknown
            | Self::CodeExpired
            | Self::CodeOfAnother
            | Self::LoginCode
            | Self::CodeUsed => SUCCESS,
        };
        language.pick(chinese, english)
    }
}
