//! What became of one attempt: an answer that can be judged, or the reason why there is none.

use std::error::Error as StdError;

use authing_api::reply::{Fields, Reply};
use http_body_util::LengthLimitError;
use progenitor_client::Error as ApiError;

use crate::error::{CodeState, ErrorKind};
use crate::operation::Sent;

/// What became of one attempt.
pub(crate) enum Outcome<D> {
    /// The service's answer.
    Reply(Reply<D>),
    /// An answer that is not one of the service's, or more than was to be read.
    NotAReply(Option<BoxError>),
    /// There is no complete answer.
    NoAnswer(NoAnswer),
}

/// Why there is no complete answer.
pub(crate) struct NoAnswer {
    pub(crate) kind: ErrorKind,
    pub(crate) code_state: CodeState,
    pub(crate) timed_out: bool,
    pub(crate) source: Option<BoxError>,
}

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

impl NoAnswer {
    /// The call's deadline passed.
    pub(crate) fn deadline() -> Self {
        let kind = ErrorKind::Timeout;
        Self {
            kind,
            code_state: CodeState::Unknown,
            timed_out: true,
            source: None,
        }
    }
}

/// Reads what the generated method returned.
///
/// The generated client's own error goes no further than this function: it holds whole bodies.
pub(crate) async fn read<D: Fields>(sent: Sent<D>) -> Outcome<D> {
    match sent {
        Ok(response) => Outcome::Reply(response.into_inner()),
        Err(ApiError::ErrorResponse(response)) => {
            // Nobody reads the data of a failure.
            Outcome::Reply(response.into_inner().with_data(D::default()))
        }
        // Dropped unseen: the error beside the body, too, may quote it.
        Err(ApiError::InvalidResponsePayload(_, _)) => Outcome::NotAReply(None),
        Err(ApiError::UnexpectedResponse(response)) => match response.bytes().await {
            Ok(body) => Reply::from_slice(&body).map_or(Outcome::NotAReply(None), Outcome::Reply),
            Err(error) => broken(error),
        },
        Err(ApiError::CommunicationError(error) | ApiError::ResponseBodyError(error)) => {
            broken(error)
        }
        // No operation of ours upgrades, and the hooks fail nothing; told as what they would mean.
        Err(ApiError::InvalidUpgrade(error)) => broken(error),
        Err(ApiError::InvalidRequest(_) | ApiError::Custom(_)) => Outcome::NoAnswer(NoAnswer {
            kind: ErrorKind::Transport,
            code_state: CodeState::Unknown,
            timed_out: false,
            source: None,
        }),
    }
}

/// Reads an error of the HTTP client.
fn broken<D>(error: reqwest::Error) -> Outcome<D> {
    let timed_out = error.is_timeout();
    let is_connect = error.is_connect();
    let error = error.without_url();
    // A redirect that is not followed can still fail for where it points.
    let not_a_reply = error.is_redirect()
        || error.is_builder()
        || caused_by::<LengthLimitError>(&error).is_some()
        || caused_by::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse);
    if not_a_reply {
        return Outcome::NotAReply(Some(error.into()));
    }
    let (kind, code_state) = if is_connect {
        (ErrorKind::Connect, CodeState::Unspent)
    } else if timed_out {
        (ErrorKind::Timeout, CodeState::Unknown)
    } else {
        (ErrorKind::Transport, CodeState::Unknown)
    };
    Outcome::NoAnswer(NoAnswer {
        kind,
        code_state,
        timed_out,
        source: Some(error.into()),
    })
}

/// The first error of type `E` among an error and its causes.
fn caused_by<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests;
