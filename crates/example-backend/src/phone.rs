//! `POST /api/phone`: `{"code": "…"}` in, the masked number out.

use authing::{Error, ErrorKind};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::AppState;
use crate::answer::{Action, Refusal};

// No `Debug`: it carries the code.
#[derive(Deserialize)]
pub(crate) struct PhoneRequest {
    code: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneReply {
    masked_phone_number: String,
}

/// Exchanges a code, keeps the number, and shows the user enough of it to recognise it.
pub(crate) async fn phone(
    State(state): State<AppState>,
    request: Result<Json<PhoneRequest>, JsonRejection>,
) -> Result<Json<PhoneReply>, Refusal> {
    let Json(request) = request.map_err(|rejection| bad_request(&rejection))?;
    // Here a real backend looks up whose session this is, so that the number gets an owner.

    // The code is used up, and paid for, whether or not the mini program still listens. Axum drops
    // the handler when the connection goes; in a task of its own the number is kept all the same.
    let exchange = state.exchanges.clone().spawn(exchange(state, request.code));
    exchange.await.unwrap_or_else(|_| {
        tracing::error!("the exchange panicked");
        Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Action::TryLater,
        ))
    })
}

async fn exchange(state: AppState, code: String) -> Result<Json<PhoneReply>, Refusal> {
    let call = state
        .client
        .get_wechat_miniprogram_phone(code, &*state.connection);
    let reply = call.await.map_err(|error| {
        log(&error);
        Refusal::from(&error)
    })?;
    let masked_phone_number = mask(reply.data.pure_phone_number.as_str());
    state.numbers.keep(reply.data);
    tracing::info!(request_id = reply.request_id, "a phone number was kept");
    // Masked: the number belongs on the server, and the page needs no more than this. A whole
    // number that reaches a page also reaches its logs, its crash reports and its screenshots, and
    // one that the page sends back later can be forged. Hand it out whole only where a user
    // must edit it, and only to the user whose session this is.
    Ok(Json(PhoneReply {
        masked_phone_number,
    }))
}

/// An error's Display and Debug hold neither code nor number nor words of the service.
fn log(error: &Error) {
    match error.kind() {
        // Wakes somebody: nobody gets a number until a person has mended it.
        ErrorKind::Config | ErrorKind::Misconfigured => {
            tracing::error!(facts = ?error, "{error}");
        }
        // Users who waited too long or tapped twice.
        ErrorKind::CodeRejected | ErrorKind::InvalidArgument => {
            tracing::info!(facts = ?error, "{error}");
        }
        _ => tracing::warn!(facts = ?error, "{error}"),
    }
}

fn bad_request(rejection: &JsonRejection) -> Refusal {
    // The rejection's own text may quote the body; only its status is used.
    let status = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        _ => StatusCode::BAD_REQUEST,
    };
    Refusal::new(status, Action::FixRequest)
}

/// `13800138000` as `138****8000`; of shorter numbers the last digits alone.
fn mask(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    let (first, last) = match digits.len() {
        11.. => (3, 4),
        7.. => (0, 3),
        _ => (0, 1),
    };
    let part = |range: &[char]| range.iter().collect::<String>();
    let end = digits.len().saturating_sub(last);
    format!("{}****{}", part(&digits[..first]), part(&digits[end..]))
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn a_mask_hides_at_least_four_characters_or_most_of_them() {
        for (number, masked) in [
            ("13800138000", "138****8000"),
            ("51234567", "****567"),
            ("12345", "****5"),
            ("1", "****1"),
            ("", "****"),
        ] {
            assert_eq!(mask(number), masked);
        }
    }
}
