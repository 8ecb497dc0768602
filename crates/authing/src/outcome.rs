//! The outcome of one attempt: a response, or the error that says why there is none.

use progenitor_client::Error as ApiError;

use crate::error::{Error, Result, chain};
use crate::kind::ErrorKind;
use crate::operation::Sent;

const CA_HINT: &str = "the server presented a CA certificate; it needs a leaf certificate";

/// Reads the result of a generated method. A response that is not a JSON object, or is too large, is
/// an [`ErrorKind::UnexpectedResponse`].
///
/// The generated client's error is dropped here, because it can contain the body.
pub(crate) fn outcome<R>(sent: Sent<R>) -> Result<R> {
    sent.map_err(|error| match error {
        // Its text is the generated client's own, and contains nothing of the body.
        ApiError::InvalidResponsePayload(_, error) => {
            Error::from(ErrorKind::UnexpectedResponse).with_source(error)
        }
        ApiError::ErrorResponse(_) | ApiError::UnexpectedResponse(_) => {
            ErrorKind::UnexpectedResponse.into()
        }
        ApiError::CommunicationError(error)
        | ApiError::ResponseBodyError(error)
        | ApiError::InvalidUpgrade(error) => failed(error),
        ApiError::InvalidRequest(_) | ApiError::Custom(_) => ErrorKind::Transport.into(),
    })
}

/// Reads an error of the HTTP client.
fn failed(error: reqwest::Error) -> Error {
    let timed_out = error.is_timeout();
    let is_connect = error.is_connect();
    let error = error.without_url();
    let is_unreadable =
        chain(&error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse));
    // rustls has no variant for it: the certificate verifier's own error is passed on.
    let is_ca = chain(&error).any(|cause| cause.to_string().contains("CaUsedAsEndEntity"));
    let kind = match (is_connect, timed_out) {
        _ if is_unreadable => ErrorKind::UnexpectedResponse,
        (true, _) => ErrorKind::Connect,
        (_, true) => ErrorKind::Timeout,
        _ => ErrorKind::Transport,
    };
    let mut failed = Error::from(kind).with_source(error);
    failed.0.timed_out = timed_out;
    failed.0.hint = is_ca.then_some(CA_HINT);
    failed
}
