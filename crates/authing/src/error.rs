//! The error type: what failed, whether the code can be sent again, and what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use authing_api::envelope::Envelope;
use authing_api::scalars::IdText;

use crate::kind::{CodeState, ErrorKind};

/// The error of a call or of building a client.
///
/// [`is_retryable`](Self::is_retryable) says whether the same code can be sent again. If not, ask
/// the user to tap again, unless [`kind`](Self::kind) names a mistake in the program.
///
/// `Display` is one line: what failed, what to do, the numbers that identify the failure, and the
/// request ID. `Display`, `Debug` and the sources never contain a code, a token, a phone number, a
/// body, or text of the service, which can repeat them.
pub struct Error(pub(crate) Box<Facts>);

/// A [`Result`](std::result::Result) with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type BoxError = Box<dyn StdError + Send + Sync>;

/// What is known of a failure.
pub(crate) struct Facts {
    pub(crate) class: (ErrorKind, CodeState),
    /// Whether the operation has no code; decides the wording.
    pub(crate) without_code: bool,
    pub(crate) http_status: Option<u16>,
    pub(crate) response: Option<Box<dyn Envelope + Send + Sync>>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) attempts: u32,
    pub(crate) timed_out: bool,
    /// For invalid input: its name and what is wrong with it, never its value.
    pub(crate) detail: Option<String>,
    pub(crate) hint: Option<&'static str>,
    pub(crate) source: Option<BoxError>,
}

/// Makes an error for the unit tests of callers. Its code state is the one that the client reports
/// with this kind. It has no numbers, IDs, texts or source.
///
/// ```
/// use authing::{Error, ErrorKind};
///
/// assert!(Error::from(ErrorKind::Connect).is_retryable());
/// ```
impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        let is_input = matches!(kind, ErrorKind::Config | ErrorKind::InvalidArgument);
        Self(Box::new(Facts {
            class: (kind, kind.text().1),
            without_code: false,
            http_status: None,
            response: None,
            retry_after: None,
            attempts: u32::from(!is_input),
            timed_out: kind == ErrorKind::Timeout,
            detail: None,
            hint: None,
            source: None,
        }))
    }
}

impl Error {
    /// A configuration error; `detail` names the option and never its value.
    pub(crate) fn config(detail: impl Into<String>) -> Self {
        Self::input(ErrorKind::Config, detail.into())
    }

    /// Invalid input; `detail` names it and never its value.
    pub(crate) fn input(kind: ErrorKind, detail: String) -> Self {
        let mut error = Self::from(kind);
        error.0.detail = Some(detail);
        error
    }

    /// The same error with its cause.
    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.class.0
    }

    /// Returns whether the code can still be exchanged.
    pub fn code_state(&self) -> CodeState {
        self.0.class.1
    }

    /// Returns the HTTP status, if the head of a response arrived. It is 200 for most failures too.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// Returns the `statusCode` of the response. It can be 200: Authing reports some WeChat errors
    /// under `statusCode` 200.
    pub fn status_code(&self) -> Option<i32> {
        self.envelope()?.status_code()?.try_into().ok()
    }

    /// Returns the `apiCode` of the response, a more specific code: 2011, the application does not
    /// exist; 2020, not signed in; 2224, the user pool does not exist; 4021, billing.
    pub fn api_code(&self) -> Option<i64> {
        self.envelope()?.api_code()
    }

    /// Returns the service's message. Untrusted: it can repeat what was sent. Do not log it.
    pub fn message(&self) -> Option<&str> {
        Some(self.envelope()?.message()?.as_str())
    }

    /// Returns the request ID, which Authing's support asks for. Untrusted, unless it is a UUID.
    pub fn request_id(&self) -> Option<&str> {
        Some(self.envelope()?.request_id()?.as_str())
    }

    /// Returns WeChat's `errcode`, if Authing passed one on.
    pub fn wechat_errcode(&self) -> Option<i64> {
        self.envelope()?.errcode()
    }

    /// Returns WeChat's `errmsg`. Untrusted, like [`message`](Self::message).
    pub fn wechat_errmsg(&self) -> Option<&str> {
        Some(self.envelope()?.errmsg()?.as_str())
    }

    /// Returns WeChat's request ID (`rid`), which WeChat's support asks for.
    pub fn wechat_rid(&self) -> Option<&str> {
        let (_, rid) = self.wechat_errmsg()?.rsplit_once("rid:")?;
        let is_hex = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_rid =
            |rid: &&str| rid.split('-').all(is_hex) && rid.split('-').map(str::len).eq([8, 8, 8]);
        Some(rid.trim()).filter(is_rid)
    }

    /// Returns the delay that the service requested in `Retry-After`, in seconds or as a date.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns how many requests were started: 0 for invalid input, more than 1 after retries.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns whether the timeout of the call or of connecting passed.
    pub fn is_timeout(&self) -> bool {
        self.0.timed_out
    }

    /// Returns whether the same code can be sent again: after [`ErrorKind::Connect`], and after a
    /// [`ErrorKind::Throttled`] that left it unused. The client retries only these errors.
    pub fn is_retryable(&self) -> bool {
        self.code_state() == CodeState::Unused
            && matches!(self.kind(), ErrorKind::Connect | ErrorKind::Throttled)
    }

    fn envelope(&self) -> Option<&dyn Envelope> {
        let response = self.0.response.as_deref()?;
        Some(response)
    }
}

/// A number from a response, if it is short enough to be a code and not a phone number.
pub(crate) fn printable(number: Option<i64>) -> Option<i64> {
    number.filter(|number| number.unsigned_abs() <= 999_999)
}

/// An error and its causes.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = &self.0;
        f.write_str(self.kind().text().0)?;
        if let Some(detail) = &facts.detail {
            write!(f, ": {detail}")?;
        }
        let has_code = !facts.without_code;
        f.write_str(self.kind().advice(self.code_state(), has_code))?;
        let status_code = self.envelope().and_then(|envelope| envelope.status_code());
        let mut separator = " (";
        for (name, number, success) in [
            ("HTTP", facts.http_status.map(i64::from), Some(200)),
            ("statusCode", status_code, Some(200)),
            ("apiCode", self.api_code(), None),
            ("WeChat errcode", self.wechat_errcode(), Some(0)),
        ] {
            if let Some(number) = printable(number).filter(|_| number != success) {
                write!(f, "{separator}{name} {number}")?;
                separator = ", ";
            }
        }
        if separator == ", " {
            f.write_str(")")?;
        }
        if let Some(hint) = facts.hint {
            write!(f, "; {hint}")?;
        }
        let request_id = self.envelope().and_then(|envelope| envelope.request_id());
        let request_id = request_id.and_then(IdText::well_formed);
        request_id.map_or(Ok(()), |id| write!(f, "; request id {id}"))
    }
}

/// Prints the fields that are set, on one line; never text of the service.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.kind());
        out.field("code_state", &self.code_state());
        out.field("text", &self.to_string());
        if let Some(rid) = self.wechat_rid() {
            out.field("wechat_rid", &rid);
        }
        let retry_after = self.retry_after().unwrap_or_default();
        if (1..=999_999).contains(&retry_after.as_secs()) {
            out.field("retry_after", &retry_after);
        }
        if self.attempts() > 0 {
            out.field("attempts", &self.attempts());
        }
        if let Some(source) = self.source() {
            let causes: Vec<String> = chain(source).map(ToString::to_string).collect();
            out.field("source", &causes.join(": "));
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_deref();
        source.map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use authing_api::types::GetWechatMiniProgramPhoneRespDto;

    use super::*;

    /// For each kind: code state, whether it is retryable, and text.
    const KINDS: &str = "\
Unused false invalid configuration
Unused false invalid argument
Unused true could not connect to the service; the code was not used and can be sent again
Unknown false call timed out; the code may have been used, ask the user to tap again
Unknown false connection lost before the response was complete; the code may have been used, ask the user to tap again
Invalid false WeChat rejected the code as invalid, expired or already used; ask the user to tap again
Unused true rate limit exceeded; retry later with the same code
Unknown false request rejected; check the application ID, identity source connection, permissions and plan
Unknown false WeChat request failed; try again later with a new code
Unknown false server error from Authing or a gateway; try again later with a new code
Unknown false unexpected response; check app_host and any proxy or gateway in between
Unknown false unrecognized status code; the code may have been used, ask the user to tap again
Unknown false rate limit exceeded; retry later with a new code";

    #[test]
    fn each_kind_has_its_text_and_its_code_state() {
        use ErrorKind::*;
        let local = [Config, InvalidArgument, Connect, Timeout, Transport];
        let remote = [CodeRejected, Throttled, Misconfigured, Upstream];
        let other = [Service, UnexpectedResponse, UnknownStatus];
        let kinds = local.into_iter().chain(remote).chain(other);
        let mut later = Error::from(Throttled);
        later.0.class.1 = CodeState::Unknown;
        let errors = kinds.map(Error::from).chain([later]);
        for (error, expected) in errors.zip(KINDS.lines()) {
            let (state, is_retryable) = (error.code_state(), error.is_retryable());
            assert_eq!(format!("{state:?} {is_retryable} {error}"), expected);
            let neutral = error.kind().advice(state, false);
            let names_a_code = neutral.contains(" code") || neutral.contains("tap");
            assert!(!names_a_code || error.kind() == CodeRejected, "{neutral}");
        }
        let [timeout, config] = [Timeout, Config].map(Error::from);
        assert_eq!((timeout.attempts(), timeout.is_timeout()), (1, true));
        assert_eq!((config.attempts(), config.is_timeout()), (0, false));
        assert!(format!("{timeout:?}").contains("attempts: 1"));
    }

    #[test]
    fn numbers_and_ids_are_printed_but_no_text_of_the_service() {
        let response: GetWechatMiniProgramPhoneRespDto = serde_json::from_str(
            r#"{"statusCode": 499, "apiCode": 4021, "message": "a text", "errcode": -1,
            "errmsg": "a text rid: 632d16be-15ad5486-1e378de4 ",
            "requestId": "934108e5-9fbf-4d24-8da1-c330328abd6c"}"#,
        )
        .unwrap();
        let mut error = Error::from(ErrorKind::Upstream).with_source("a source");
        error.0.http_status = Some(503);
        error.0.response = Some(Box::new(response));
        error.0.retry_after = Some(Duration::from_secs(7));
        error.0.hint = Some("a hint");
        let text = "WeChat request failed; try again later with a new code (HTTP 503, statusCode \
            499, apiCode 4021, WeChat errcode -1); a hint; request id \
            934108e5-9fbf-4d24-8da1-c330328abd6c";
        assert_eq!(error.to_string(), text);
        let fields = format!(
            "kind: Upstream, code_state: Unknown, text: {text:?}, wechat_rid: \
            \"632d16be-15ad5486-1e378de4\", retry_after: 7s, attempts: 1, source: \"a source\""
        );
        assert_eq!(format!("{error:?}"), format!("Error {{ {fields} }}"));

        let debug = format!("{:?}", Error::config("app_id is empty"));
        let fields = r#"kind: Config, code_state: Unused, text: "invalid configuration: app_id"#;
        assert_eq!(debug, format!("Error {{ {fields} is empty\" }}"));
    }
}
