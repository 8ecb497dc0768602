//! The operation `get-wechat-miniprogram-phone`: consumes a code, and renders the phone number.

use serde_json::{Value, json};

use crate::answer::{Answer, Shape, envelope};
use crate::ledger::{Entry, Outcome};
use crate::number;
use crate::rejection::{Rejection, SUCCESS};
use crate::request::Request;
use crate::state::Core;

/// The path of the operation (documented).
pub const EXCHANGE_PATH: &str = "/api/v3/get-wechat-miniprogram-phone";

/// The id of the mini program in every watermark: the sample of the OpenAPI document.
const MINI_PROGRAM_ID: &str = "wx0123456789abcdef";

/// Processes a request: consumes its code if that is valid, and returns what it led to.
pub(crate) fn process(core: &mut Core, request: &Request, number: u64) -> (Outcome, Answer) {
    let shape = core.config.shape;
    let (outcome, data) = match consume(core, request, number) {
        Ok(entry) => (Outcome::Consumed, Ok(phone(shape, &entry))),
        Err(rejection) => (Outcome::Rejected(rejection), rejection.render(request)),
    };
    let answer = data.map(|data| success(shape, request, data));
    (outcome, answer.unwrap_or_else(|rejected| rejected))
}

fn consume(core: &mut Core, request: &Request, number: u64) -> Result<Entry, Rejection> {
    core.check(request)?;
    let (code, connection) = (request.field("code"), request.field("extIdpConnidentifier"));
    let (code, connection) = code.zip(connection).ok_or(Rejection::MissingField)?;
    let mut known = core.config.connections.iter();
    if known.all(|known| known != connection) {
        return Err(Rejection::UnknownConnection);
    }
    let now = core.now();
    core.ledger.consume(code, connection, number, now)
}

/// The response with this `data`, at the shape's place.
fn success(shape: Shape, request: &Request, data: Value) -> Answer {
    let mut envelope = envelope(200, request.localize(SUCCESS));
    match (shape, data) {
        (Shape::Beside, Value::Object(fields)) => envelope.extend(fields),
        (_, data) => envelope.extend([("data".to_owned(), data)]),
    }
    if shape == Shape::Loose {
        envelope["message"] = "".into();
        envelope.shift_remove("requestId");
    }
    Answer::json(200, &envelope)
}

/// The phone number as the shape has it.
fn phone(shape: Shape, entry: &Entry) -> Value {
    let number = entry.phone_number.as_deref().unwrap_or_default();
    // It was checked when the code was issued.
    let (country_code, national) = number::split(number).unwrap_or_default();
    let mut fields = json!({
        "phoneNumber": number,
        "purePhoneNumber": national,
        "countryCode": country_code,
    });
    if shape == Shape::Loose {
        if country_code == "86" {
            fields["phoneNumber"] = national.into();
        }
        fields["countryCode"] = country_code.parse::<u32>().unwrap_or_default().into();
    }
    if matches!(shape, Shape::Documented | Shape::Loose) {
        return fields;
    }
    fields["watermark"] = json!({
        "timestamp": entry.issued_at.map(|at| at.timestamp()),
        "appid": MINI_PROGRAM_ID,
    });
    match shape {
        Shape::Beside => json!({ "phone_info": fields }),
        _ => json!({ "errcode": 0, "errmsg": "ok", "phone_info": fields }),
    }
}
