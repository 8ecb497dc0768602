//! Replies before they are bytes: status, headers and body, in the shape that is set.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::phone::Phone;
use crate::random;
use crate::refusal::{Language, Refusal, SUCCESS};
use crate::shape::Shape;

/// Where the redirecting shapes point: a host that never exists (RFC 2606).
const ELSEWHERE: &str = "https://elsewhere.invalid/api/v3/get-wechat-miniprogram-phone";
const JSON: &str = "application/json; charset=utf-8";
const PAGE: &str = "<html><body><h1>502 Bad Gateway</h1></body></html>";

/// A phone number given out for a code.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) phone: Phone,
    pub(crate) mini_program_id: String,
    /// When the user tapped, for the watermark.
    pub(crate) tapped_at: SystemTime,
}

/// What has been decided about a request, before it takes a shape.
pub(crate) type Verdict = Result<Grant, Refusal>;

/// One HTTP reply, whole and not yet written.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) http_status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(http_status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            http_status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    pub(crate) fn json(http_status: u16, body: &impl Serialize) -> Self {
        // Every value written here has string keys and finite numbers, so this cannot fail; an
        // empty body would show at once if that changed.
        Self::new(
            http_status,
            JSON,
            serde_json::to_vec(body).unwrap_or_default(),
        )
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The reply as the bytes of an HTTP/1.1 message: its head, then its body.
    pub(crate) fn to_wire(&self, close: bool) -> (Vec<u8>, Vec<u8>) {
        let reason = StatusCode::from_u16(self.http_status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Unknown");
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", self.http_status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        if close {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        (head.into_bytes(), self.body.clone())
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            // Faults are checked when they are set, so that nothing is left out here in silence.
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// The outer object; a struct, so that its fields come in the order of the vendor's sample.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(flatten)]
    beside: Map<String, Value>,
}

/// A failing envelope outside of any shape.
pub(crate) fn failure(
    http_status: u16,
    status_code: i32,
    api_code: Option<i64>,
    message: &str,
) -> Reply {
    let envelope = Envelope {
        status_code: Some(status_code.into()),
        message: Some(message.to_owned()),
        api_code,
        request_id: Some(random::request_id()),
        data: None,
        beside: Map::new(),
    };
    Reply::json(http_status, &envelope)
}

/// WeChat's refusal inside an envelope that claims success, where `shape` puts it.
pub(crate) fn wechat(shape: Shape, errcode: i64, errmsg: &str, language: Language) -> Reply {
    let errmsg = format!("{errmsg}, rid: {}", random::rid());
    let mut envelope = success(language);
    match shape {
        Shape::BesideStatus | Shape::ErrcodeBeside => {
            envelope.beside.insert("errcode".to_owned(), errcode.into());
            envelope.beside.insert("errmsg".to_owned(), errmsg.into());
        }
        Shape::RejectionAs602 => {
            envelope.status_code = Some(602.into());
            envelope.message = Some(format!("errcode: {errcode}, errmsg: {errmsg}"));
        }
        _ => envelope.data = Some(json!({ "errcode": errcode, "errmsg": errmsg })),
    }
    finish(shape, envelope)
}

/// The reply to a verdict, in `shape`.
pub(crate) fn render(shape: Shape, verdict: &Verdict, language: Language) -> Reply {
    match verdict {
        Ok(grant) => {
            let mut envelope = success(language);
            put_phone(&mut envelope, shape, grant);
            finish(shape, envelope)
        }
        Err(refusal) => {
            if let Some((errcode, errmsg)) = refusal.wechat() {
                return wechat(shape, errcode, errmsg, language);
            }
            let (status_code, api_code) = refusal.status_code();
            let envelope = Envelope {
                status_code: Some(status_code.into()),
                message: Some(refusal.message(language).to_owned()),
                api_code,
                request_id: Some(random::request_id()),
                data: match shape {
                    Shape::DataNull => Some(Value::Null),
                    Shape::DataEmpty => Some(json!({})),
                    _ => None,
                },
                beside: Map::new(),
            };
            finish(shape, envelope)
        }
    }
}

/// The reply of a shape that never reaches the code, or nothing for all other shapes.
pub(crate) fn before_the_code(shape: Shape, language: Language) -> Option<Reply> {
    let redirect = |status| Some(Reply::new(status, "text/html", "").header("location", ELSEWHERE));
    let message = Refusal::Throttled.message(language);
    match shape {
        Shape::Throttled => Some(failure(429, 429, None, message)),
        Shape::ThrottledInBody => Some(failure(200, 429, None, message)),
        Shape::Redirect301 => redirect(301),
        Shape::Redirect302 => redirect(302),
        Shape::Redirect303 => redirect(303),
        Shape::Redirect307 => redirect(307),
        Shape::Redirect308 => redirect(308),
        _ => None,
    }
}

fn success(language: Language) -> Envelope {
    Envelope {
        status_code: Some(200.into()),
        message: Some(language.pick(SUCCESS.0, SUCCESS.1).to_owned()),
        api_code: None,
        request_id: Some(random::request_id()),
        data: None,
        beside: Map::new(),
    }
}

fn put_phone(envelope: &mut Envelope, shape: Shape, grant: &Grant) {
    let mut phone = phone_fields(shape, &grant.phone);
    match shape {
        Shape::Nested
        | Shape::NestedWithoutErrcode
        | Shape::NestedMainland
        | Shape::BesideStatus => {
            let seconds = grant
                .tapped_at
                .duration_since(UNIX_EPOCH)
                .unwrap_or(Duration::ZERO);
            phone["watermark"] =
                json!({ "timestamp": seconds.as_secs(), "appid": grant.mini_program_id });
            let info = ("phone_info".to_owned(), phone);
            match shape {
                Shape::BesideStatus => envelope.beside.extend([info]),
                Shape::NestedWithoutErrcode => {
                    envelope.data = Some(Value::Object(Map::from_iter([info])));
                }
                _ => {
                    let mut data = json!({ "errcode": 0, "errmsg": "ok" });
                    data[info.0] = info.1;
                    envelope.data = Some(data);
                }
            }
        }
        Shape::SuccessWithoutData => {}
        _ => envelope.data = Some(phone),
    }
}

fn phone_fields(shape: Shape, phone: &Phone) -> Value {
    let country_code = &phone.country_code;
    let without_prefix = matches!(shape, Shape::MainlandWithoutPrefix | Shape::NestedMainland)
        && phone.is_mainland();
    let mut fields = json!({
        "phoneNumber": if without_prefix { phone.national.clone() } else { phone.e164() },
        "purePhoneNumber": phone.national,
        "countryCode": match shape {
            Shape::CountryCodeNumber | Shape::NestedMainland => {
                country_code.parse::<u32>().map_or(Value::Null, Value::from)
            }
            Shape::CountryCodePlus => format!("+{country_code}").into(),
            _ => country_code.clone().into(),
        },
    });
    match shape {
        Shape::UnknownFields => fields["region"] = "CN".into(),
        Shape::SuccessDataEmpty => fields = json!({}),
        Shape::SuccessEmptyStrings => {
            fields = json!({ "phoneNumber": "", "purePhoneNumber": "", "countryCode": "" });
        }
        Shape::SuccessFieldMissing => {
            if let Some(fields) = fields.as_object_mut() {
                fields.remove("countryCode");
            }
        }
        _ => {}
    }
    fields
}

/// What a shape does to the envelope as a whole, and to the message that carries it.
fn finish(shape: Shape, mut envelope: Envelope) -> Reply {
    match shape {
        Shape::StatusCodeDecimal => {
            envelope.status_code = envelope
                .status_code
                .and_then(|code| code.as_f64())
                .map(Value::from);
        }
        Shape::StatusCodeAbsent => envelope.status_code = None,
        Shape::StatusCodeText => envelope.status_code = Some("OK".into()),
        Shape::WithoutRequestId => envelope.request_id = None,
        Shape::WithoutMessage => envelope.message = None,
        Shape::EmptyMessage => envelope.message = Some(String::new()),
        Shape::UnknownFields => {
            envelope.beside.insert("traceId".to_owned(), "x".into());
        }
        _ => {}
    }
    let reply = Reply::json(200, &envelope);
    let half = reply.body.len() / 2;
    match shape {
        Shape::TextContentType => Reply::new(200, "text/plain", reply.body),
        Shape::Whitespace => Reply::new(200, JSON, [b"\n  ", &reply.body[..], b"\n"].concat()),
        Shape::TruncatedJson => Reply::new(200, JSON, &reply.body[..half]),
        Shape::JsonNull => Reply::new(200, JSON, "null"),
        Shape::JsonArray => Reply::new(200, JSON, "[]"),
        Shape::Html => Reply::new(200, "text/html", PAGE),
        Shape::HtmlBadGateway => Reply::new(502, "text/html", PAGE),
        Shape::Empty => Reply::new(200, JSON, ""),
        Shape::NoContent => Reply {
            http_status: 204,
            headers: Vec::new(),
            body: Vec::new(),
        },
        Shape::Http500Success => Reply {
            http_status: 500,
            ..reply
        },
        _ => reply,
    }
}
