//! The outcome of one attempt: a response, or the reason why there is none.

use progenitor_client::Error as ApiError;

use crate::error::{Facts, chain};
use crate::kind::ErrorKind;
use crate::operation::Sent;

const CA_HINT: &str = "the server presented a CA certificate; it needs a leaf certificate";

/// The outcome of one attempt.
pub(crate) enum Outcome<R> {
    /// A JSON object.
    Response(R),
    /// A response that is not a JSON object, or is too large.
    Unreadable(Facts),
    /// No complete response. The code state is the usual one of the kind.
    Failed(ErrorKind, Facts),
}

impl<R> Outcome<R> {
    /// Reads the result of a generated method.
    ///
    /// The generated client's error is dropped here, because it can contain the body.
    pub(crate) fn read(sent: Sent<R>) -> Self {
        match sent {
            Ok(response) => Self::Response(response),
            // Its text is the generated client's own, and contains nothing of the body.
            Err(ApiError::InvalidResponsePayload(_, error)) => Self::Unreadable(Facts {
                source: Some(error.into()),
                ..Facts::default()
            }),
            Err(ApiError::ErrorResponse(_) | ApiError::UnexpectedResponse(_)) => {
                Self::Unreadable(Facts::default())
            }
            Err(
                ApiError::CommunicationError(error)
                | ApiError::ResponseBodyError(error)
                | ApiError::InvalidUpgrade(error),
            ) => Self::failed(error),
            Err(ApiError::InvalidRequest(_) | ApiError::Custom(_)) => {
                Self::Failed(ErrorKind::Transport, Facts::default())
            }
        }
    }

    /// Reads an error of the HTTP client.
    fn failed(error: reqwest::Error) -> Self {
        let timed_out = error.is_timeout();
        let is_connect = error.is_connect();
        let error = error.without_url();
        let is_unreadable =
            chain(&error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse));
        // rustls has no variant for it: the certificate verifier's own error is passed on.
        let is_ca = chain(&error).any(|cause| cause.to_string().contains("CaUsedAsEndEntity"));
        let facts = Facts {
            timed_out,
            hint: is_ca.then_some(CA_HINT),
            source: Some(error.into()),
            ..Facts::default()
        };
        match (is_connect, timed_out) {
            _ if is_unreadable => Self::Unreadable(facts),
            (true, _) => Self::Failed(ErrorKind::Connect, facts),
            (_, true) => Self::Failed(ErrorKind::Timeout, facts),
            _ => Self::Failed(ErrorKind::Transport, facts),
        }
    }
}
