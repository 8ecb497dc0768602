//! The exchange of one request for its response: headers, the bound of the body, decoding.

use bytes::Bytes;
use progenitor_client::Error;
use reqwest::{Request, Version};
use serde::de::{DeserializeOwned, Error as _};

use crate::context::CallContext;
use crate::envelope::Envelope;
use crate::generated::Client;
use crate::{lenient, rejection};

const TOO_LARGE: &str = "the body is larger than the limit";

impl Client {
    /// Returns the context that this client was made with.
    pub fn context(&self) -> &CallContext {
        &self.inner
    }

    /// Sends a request with the headers of the call, and decodes the response whatever its status.
    ///
    /// The request is handed over at once, so that the future does not hold it. The error for an
    /// unreadable body contains nothing of the body.
    pub(crate) fn exchange<T: DeserializeOwned + Envelope>(
        &self,
        mut request: Request,
    ) -> impl Future<Output = Result<T, Error>> {
        let context = &self.inner;
        if !context.request_headers.is_empty() {
            let headers = context.request_headers.clone();
            request.headers_mut().extend(headers);
        }
        let sent = self.client.execute(request);
        async move {
            let mut response = sent.await?;
            let status = response.status().as_u16();
            let headers = std::mem::take(response.headers_mut());
            // A context serves one call, so this is the first head.
            let _ = context.head.set((status, headers));
            let limit = context.max_response_bytes;
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
            // HTTP/0.9 has no head, so any bytes would be accepted as a body.
            if response.version() == Version::HTTP_09 {
                body.clear();
            }
            let decoded = decode(context, body);
            decoded.ok_or_else(|| unreadable("the body is not one JSON object"))
        }
    }
}

/// Decodes a complete body, and records in the context whether it is an explicit rejection.
fn decode<T: DeserializeOwned + Envelope>(context: &CallContext, body: Vec<u8>) -> Option<T> {
    let decoded: Option<T> = lenient::strict_body(&body);
    let status_code = decoded.as_ref().and_then(T::status_code);
    if let Some((http_status, headers)) = context.head.get()
        && (*http_status == 429 || status_code == Some(429))
        && rejection::is_explicit_rejection(headers, &body)
    {
        let _ = context.explicit_rejection.set(());
    }
    decoded.or_else(|| lenient::repaired_body(body))
}

fn unreadable(reason: &str) -> Error {
    Error::InvalidResponsePayload(Bytes::new(), serde_json::Error::custom(reason))
}
