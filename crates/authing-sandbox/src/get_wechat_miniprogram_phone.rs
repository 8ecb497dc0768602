//! The operation `get-wechat-miniprogram-phone`: consumes a code, and renders the phone number.

use serde_json::{Value, json};

use crate::answer::{Answer, Shape, wechat_error};
use crate::ledger::{Entry, Outcome};
use crate::refusal::{Rejection, SUCCESS, Said};
use crate::request::Request;
use crate::state::State;
use crate::{number, operation};

/// The path of the operation (documented).
pub const EXCHANGE_PATH: &str = "/api/v3/get-wechat-miniprogram-phone";

/// The id of the mini program in every watermark: the sample of the OpenAPI document.
const MINI_PROGRAM_ID: &str = "wx0123456789abcdef";

/// Processes a request: checks it, consumes its code if that is valid, and writes down the outcome.
pub(crate) fn process(state: &State, request: &Request, number: u64) -> Answer {
    let now = state.now();
    let (config, mut core) = (&state.config, state.core());
    let shape = core.controls.shape;
    let result = operation::check(config, &mut core, request, now).and_then(|()| {
        let (code, connection) = (request.field("code"), request.field("extIdpConnidentifier"));
        let (code, connection) = code.zip(connection).ok_or(Rejection::MissingField)?;
        if config.connections.iter().all(|known| known != connection) {
            return Err(Rejection::UnknownConnection);
        }
        core.ledger.consume(code, connection, number, now)
    });
    let outcome = match &result {
        Ok(_) => Outcome::Consumed,
        Err(rejection) => Outcome::Rejected(*rejection),
    };
    operation::note(&mut core, request, number, outcome);
    drop(core);
    let result = match result.map_err(Rejection::said) {
        Ok(entry) => phone(shape, &entry),
        Err(Said::WeChat(errcode, errmsg)) => wechat_error(errcode, errmsg),
        Err(Said::Authing(status_code, api_code, message)) => {
            let mut envelope = operation::localized(request, status_code, message);
            if let Some(api_code) = api_code {
                envelope.shift_insert(2, "apiCode".to_owned(), api_code.into());
            }
            return match status_code {
                429 => Answer::json(429, &envelope).header("retry-after", "1"),
                _ => Answer::json(200, &envelope),
            };
        }
    };
    let mut envelope = operation::localized(request, 200, SUCCESS);
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
