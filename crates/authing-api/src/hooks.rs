//! The handling of every request and response of the generated client.

use bytes::Bytes;
use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo, ResponseValue};
use reqwest::header::HeaderMap;
use reqwest::{Request, Response, StatusCode, Version};
use serde::de::{DeserializeOwned, Error as _};

use crate::context::{CallContext, ResponseHead};
use crate::envelope::Envelope;
use crate::generated::Client;
use crate::{lenient, rejection};

impl Client {
    /// Returns the context that this client was made with.
    pub fn context(&self) -> &CallContext {
        self.inner()
    }

    /// Reads the body, whatever the HTTP status, and decodes it.
    ///
    /// The error for an unreadable body contains nothing of the body.
    pub(crate) async fn decode<T: DeserializeOwned + Envelope, E>(
        &self,
        mut response: Response,
    ) -> Result<ResponseValue<T>, Error<E>> {
        let limit = self.inner().max_response_bytes;
        if response.content_length() > Some(limit as u64) {
            return Err(unreadable(TOO_LARGE));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Error::ResponseBodyError)? {
            if chunk.len() > limit - body.len() {
                return Err(unreadable(TOO_LARGE));
            }
            body.extend_from_slice(&chunk);
        }
        body.shrink_to_fit();
        let status = response.status();
        // HTTP/0.9 has no head, so any bytes would be accepted as a body.
        if response.version() == Version::HTTP_09 {
            return Err(unreadable(NOT_AN_OBJECT));
        }
        let decoded: Option<T> = lenient::strict_object(&body);
        let status_code = decoded.as_ref().and_then(Envelope::status_code);
        if let Some(head) = self.inner().head()
            && (status == StatusCode::TOO_MANY_REQUESTS || status_code == Some(429))
        {
            let is_rejection = rejection::is_explicit_rejection(head, &body);
            let _ = self.inner().explicit_rejection.set(is_rejection);
        }
        let decoded = decoded.or_else(|| lenient::repaired_object(body));
        decoded
            .map(|value| ResponseValue::new(value, status, HeaderMap::new()))
            .ok_or_else(|| unreadable(NOT_AN_OBJECT))
    }
}

const TOO_LARGE: &str = "the body is larger than the limit";
const NOT_AN_OBJECT: &str = "the body is not one JSON object";

fn unreadable<E>(reason: &str) -> Error<E> {
    Error::InvalidResponsePayload(Bytes::new(), serde_json::Error::custom(reason))
}

impl ClientHooks<CallContext> for Client {
    /// Adds the headers of the call.
    async fn pre<E>(&self, request: &mut Request, _: &OperationInfo) -> Result<(), Error<E>> {
        let own = &self.inner().headers;
        if !own.is_empty() {
            request.headers_mut().extend(own.clone());
        }
        Ok(())
    }

    /// Moves the head of the response to the context.
    async fn exec(&self, request: Request, _: &OperationInfo) -> reqwest::Result<Response> {
        let mut response = self.client().execute(request).await?;
        let headers = std::mem::take(response.headers_mut());
        let head = ResponseHead::new(response.status().as_u16(), headers);
        // A context serves one call, so this is the first head.
        let _ = self.inner().head.set(head);
        Ok(response)
    }
}
