//! Faults as they are written, for `/sandbox/faults` and the configuration file.
//!
//! One flat object: `kind` says which of the other fields belong to it, and a field that does not
//! is refused rather than ignored.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::fault::{Action, CutAt, CutHow, Fault};

/// A fault as it is written: one flat object, whose fields the crate's front page lists. It becomes
/// a [`Fault`] by `TryFrom`, which refuses fields that have no meaning for its kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultSpec {
    kind: String,
    // For every kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permanent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consume: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    // For some.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errcode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errmsg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_ms: Option<u64>,
}

/// What is wrong with a fault as it is written, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultSpecError(String);

impl fmt::Display for FaultSpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultSpecError {}

impl TryFrom<FaultSpec> for Fault {
    type Error = FaultSpecError;

    fn try_from(spec: FaultSpec) -> Result<Self, FaultSpecError> {
        let fault = spec.into_fault().map_err(FaultSpecError)?;
        fault
            .check()
            .map_err(|error| FaultSpecError(error.to_string()))?;
        Ok(fault)
    }
}

impl FaultSpec {
    /// The fault that is meant, or a sentence that says what is wrong.
    fn into_fault(mut self) -> Result<Fault, String> {
        let mut fault = self.action()?;
        if let Some(field) = self.first_left_over() {
            return Err(format!("{field} has no meaning for a fault of this kind"));
        }
        if let Some(delay) = self.delay_ms {
            fault = fault.after(Duration::from_millis(delay));
        }
        fault = match (self.times, self.permanent.unwrap_or(false)) {
            (Some(_), true) => return Err("times and permanent exclude each other".to_owned()),
            (Some(times), false) => fault.times(times),
            (None, true) => fault.permanent(),
            (None, false) => fault,
        };
        if let Some(consume) = self.consume {
            let before_the_code = matches!(
                fault.action,
                Action::Cut {
                    at: CutAt::Accept | CutAt::RequestBytes(_),
                    ..
                }
            );
            if consume && before_the_code {
                return Err("a cut at this place cannot consume a code: it is not read".to_owned());
            }
            fault = fault.consume(consume);
        }
        Ok(fault)
    }

    fn action(&mut self) -> Result<Fault, String> {
        let fault = match self.kind.as_str() {
            "delay" => {
                let delay = self.delay_ms.ok_or("a delay needs delayMs")?;
                Fault::delay(Duration::from_millis(delay))
            }
            "reply" => {
                let status_code = self.status_code.take().ok_or("a reply needs statusCode")?;
                let mut fault = Fault::reply(self.http_status.take().unwrap_or(200), status_code);
                if let Some(api_code) = self.api_code.take() {
                    fault = fault.api_code(api_code);
                }
                if let Some(message) = self.message.take() {
                    fault = fault.message(&message);
                }
                self.add_headers(fault)
            }
            "throttle" => Fault::throttle(self.retry_after.take().as_deref()),
            "wechat" => {
                let fault = Fault::wechat(self.errcode.take().ok_or("wechat needs errcode")?);
                match self.errmsg.take() {
                    Some(errmsg) => fault.message(&errmsg),
                    None => fault,
                }
            }
            "raw" => {
                let content_type = self
                    .content_type
                    .take()
                    .unwrap_or_else(|| "text/html".into());
                let body = self.body.take().unwrap_or_default();
                let status = self
                    .http_status
                    .take()
                    .ok_or("a raw reply needs httpStatus")?;
                let fault = Fault::raw(status, &content_type, body);
                self.add_headers(fault)
            }
            "cut" => Fault::cut(self.cut_at()?, self.cut_how()?),
            "garbage" => {
                let body = self
                    .body
                    .take()
                    .unwrap_or_else(|| "\u{1}\u{2}\u{3} garbage\r\n".into());
                Fault::garbage(body)
            }
            "drip" => {
                let interval = self.interval_ms.take().ok_or("a drip needs intervalMs")?;
                Fault::drip(Duration::from_millis(interval))
            }
            _ => {
                return Err(
                    "kind must be delay, reply, throttle, wechat, raw, cut, garbage or drip".into(),
                );
            }
        };
        Ok(fault)
    }

    fn add_headers(&mut self, mut fault: Fault) -> Fault {
        if let Some(value) = self.retry_after.take() {
            fault = fault.header("retry-after", &value);
        }
        for (name, value) in self.headers.take().unwrap_or_default() {
            fault = fault.header(&name, &value);
        }
        fault
    }

    fn cut_at(&mut self) -> Result<CutAt, String> {
        let at = match self.at.take().as_deref() {
            Some("accept") => CutAt::Accept,
            Some("request-bytes") => {
                CutAt::RequestBytes(self.bytes.take().ok_or("request-bytes needs bytes")?)
            }
            Some("request") => CutAt::Request,
            Some("status-line") => CutAt::StatusLine,
            Some("half-body") => CutAt::HalfBody,
            Some("reply") => CutAt::Reply,
            _ => {
                return Err(
                    "a cut needs at: accept, request-bytes, request, status-line, \
                            half-body or reply"
                        .to_owned(),
                );
            }
        };
        Ok(at)
    }

    fn cut_how(&mut self) -> Result<CutHow, String> {
        match self.how.take().as_deref() {
            Some("fin") => Ok(CutHow::Fin),
            Some("reset") => Ok(CutHow::Reset),
            _ => Err("a cut needs how: fin or reset".to_owned()),
        }
    }

    /// A field that was given and that the kind has not used.
    fn first_left_over(&self) -> Option<&'static str> {
        [
            ("httpStatus", self.http_status.is_some()),
            ("headers", self.headers.is_some()),
            ("statusCode", self.status_code.is_some()),
            ("apiCode", self.api_code.is_some()),
            ("message", self.message.is_some()),
            ("retryAfter", self.retry_after.is_some()),
            ("errcode", self.errcode.is_some()),
            ("errmsg", self.errmsg.is_some()),
            ("contentType", self.content_type.is_some()),
            ("body", self.body.is_some()),
            ("at", self.at.is_some()),
            ("bytes", self.bytes.is_some()),
            ("how", self.how.is_some()),
            ("intervalMs", self.interval_ms.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}

/// A fault that waits, with the number of times it still applies; `null` means for ever.
pub(crate) fn to_json(fault: &Fault) -> Value {
    let mut fields = Map::from_iter([
        ("kind".to_owned(), fault.kind().into()),
        ("times".to_owned(), fault.times.into()),
        ("permanent".to_owned(), fault.times.is_none().into()),
        ("consume".to_owned(), fault.consume.into()),
        ("delayMs".to_owned(), millis(fault.delay)),
    ]);
    let more = match &fault.action {
        Action::Delay => json!({}),
        Action::Reply(reply) => json!({
            "httpStatus": reply.http_status,
            "headers": headers(&reply.headers),
            "statusCode": reply.status_code,
            "apiCode": reply.api_code,
            "message": reply.message,
        }),
        Action::WeChat { errcode, errmsg } => json!({ "errcode": errcode, "errmsg": errmsg }),
        Action::Raw {
            http_status,
            headers: own,
            body,
        } => json!({
            "httpStatus": http_status,
            "headers": headers(own),
            "body": String::from_utf8_lossy(body),
        }),
        Action::Cut { at, how } => json!({
            "at": match at {
                CutAt::Accept => "accept",
                CutAt::RequestBytes(_) => "request-bytes",
                CutAt::Request => "request",
                CutAt::StatusLine => "status-line",
                CutAt::HalfBody => "half-body",
                CutAt::Reply => "reply",
            },
            "bytes": match at {
                CutAt::RequestBytes(bytes) => Some(bytes),
                CutAt::Accept
                | CutAt::Request
                | CutAt::StatusLine
                | CutAt::HalfBody
                | CutAt::Reply => None,
            },
            "how": match how {
                CutHow::Fin => "fin",
                CutHow::Reset => "reset",
            },
        }),
        Action::Garbage(bytes) => json!({ "body": String::from_utf8_lossy(bytes) }),
        Action::Drip { interval } => json!({ "intervalMs": millis(*interval) }),
    };
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    Value::Object(fields)
}

fn headers(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect()
}

fn millis(duration: Duration) -> Value {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .into()
}
