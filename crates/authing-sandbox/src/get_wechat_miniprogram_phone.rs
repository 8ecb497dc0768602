//! The operation `get-wechat-miniprogram-phone`: consumes a code, and renders the phone number.

use serde_json::{Value, json};

use crate::answer::{Answer, Shape, wechat_error};
use crate::ledger::{Entry, Outcome};
use crate::number;
use crate::operation::Call;
use crate::refusal::{Rejection, SUCCESS, Said};

/// The path of the operation (documented).
pub const EXCHANGE_PATH: &str = "/api/v3/get-wechat-miniprogram-phone";

/// The id of the mini program in every watermark: the sample of the OpenAPI document.
const MINI_PROGRAM_ID: &str = "wx0123456789abcdef";

/// Processes a request: checks it, consumes its code if that is valid, and writes down the outcome.
pub(crate) fn process(call: &Call<'_>) -> Answer {
    let now = call.state.now();
    let mut core = call.state.core();
    let shape = core.controls.shape;
    let result = call.check(&mut core, now).and_then(|()| {
        let (code, connection) = (call.field("code"), call.field("extIdpConnidentifier"));
        let (code, connection) = code.zip(connection).ok_or(Rejection::MissingField)?;
        let mut connections = call.state.config.connections.iter();
        if !connections.any(|known| known == connection) {
            return Err(Rejection::UnknownConnection);
        }
        core.ledger.consume(code, connection, call.number, now)
    });
    let outcome = match &result {
        Ok(_) => Outcome::Consumed,
        Err(rejection) => Outcome::Rejected(*rejection),
    };
    call.note(&mut core, outcome);
    drop(core);
    let result = match result.map_err(Rejection::said) {
        Ok(entry) => phone(shape, &entry),
        Err(Said::WeChat(errcode, errmsg)) => wechat_error(errcode, errmsg),
        Err(Said::Authing(status_code, api_code, message)) => {
            let mut envelope = call.envelope(status_code, message);
            if let Some(api_code) = api_code {
                envelope.shift_insert(2, "apiCode".to_owned(), api_code.into());
            }
            return match status_code {
                429 => Answer::json(429, &envelope).header("retry-after", "1"),
                _ => Answer::json(200, &envelope),
            };
        }
    };
    let mut envelope = call.envelope(200, SUCCESS);
    match (shape, result) {
        (Shape::Beside, Value::Object(fields)) => envelope.extend(fields),
        (_, result) => envelope.extend([("data".to_owned(), result)]),
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
        "phoneNumber": format!("+{country_code}{national}"),
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
