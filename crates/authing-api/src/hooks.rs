//! The handling of every request and response of the generated client.

use bytes::Bytes;
use http_body_util::Limited;
use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo, ResponseValue};
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Body, Request, Response, ResponseBuilderExt, StatusCode, Version};
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
        response: Response,
    ) -> Result<ResponseValue<T>, Error<E>> {
        let (status, version) = (response.status(), response.version());
        let body = response.bytes().await.map_err(Error::ResponseBodyError)?;
        // HTTP/0.9 has no head, so any bytes would be accepted as a body.
        let decoded = if version == Version::HTTP_09 {
            None
        } else {
            let decoded: Option<T> = lenient::strict_object(&body);
            let status_code = decoded.as_ref().and_then(Envelope::status_code);
            if let Some(head) = self.inner().head()
                && (status == StatusCode::TOO_MANY_REQUESTS || status_code == Some(429))
            {
                let is_rejection = rejection::is_explicit_rejection(head, &body);
                let _ = self.inner().explicit_rejection.set(is_rejection);
            }
            decoded.or_else(|| lenient::repaired_object(body))
        };
        match decoded {
            Some(value) => Ok(ResponseValue::new(value, status, HeaderMap::new())),
            None => Err(Error::InvalidResponsePayload(
                Bytes::new(),
                serde_json::Error::custom("the body is not one JSON object"),
            )),
        }
    }
}

impl ClientHooks<CallContext> for Client {
    /// Adds the headers of the call, and the length.
    ///
    /// Without the length here, a default `content-length` of the `reqwest::Client` would replace
    /// the correct one and truncate the body.
    async fn pre<E>(&self, request: &mut Request, _: &OperationInfo) -> Result<(), Error<E>> {
        let length = request.body().and_then(Body::as_bytes).map(<[u8]>::len);
        let headers = request.headers_mut();
        let own = &self.inner().headers;
        headers.extend(
            own.iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        Ok(())
    }

    /// Moves the head of the response to the context, and bounds the body.
    async fn exec(&self, request: Request, _: &OperationInfo) -> reqwest::Result<Response> {
        let mut response = self.client().execute(request).await?;
        let headers = std::mem::take(response.headers_mut());
        let head = ResponseHead::new(response.status().as_u16(), headers);
        // A context serves one call, so this is the first head.
        let _ = self.inner().head.set(head);
        Ok(bounded(response, self.inner().max_response_bytes))
    }
}

/// Returns the response with a body that fails once it exceeds `limit` bytes, or at once if its
/// length is known to.
fn bounded(response: Response, limit: usize) -> Response {
    match response.content_length() {
        // HTTP/1.1 framing ends the body at this length.
        Some(length) if length <= limit as u64 => response,
        Some(_) => with_body(response, |_| Limited::new(Body::from("too long"), 0)),
        None => with_body(response, |body| Limited::new(body, limit)),
    }
}

fn with_body(response: Response, change: impl FnOnce(Body) -> Limited<Body>) -> Response {
    // Without a URL reqwest would parse a default one.
    let url = response.url().clone();
    let (mut parts, body) = http::Response::<Body>::from(response).into_parts();
    if let Ok(with_url) = http::Response::builder().url(url).body(()) {
        parts.extensions.extend(with_url.into_parts().0.extensions);
    }
    Response::from(http::Response::from_parts(parts, Body::wrap(change(body))))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::types::GetWechatMiniProgramPhoneRespDto;

    type Decoded = Result<ResponseValue<GetWechatMiniProgramPhoneRespDto>, Error<()>>;

    /// Decodes a complete response, and returns what the context says about it too.
    fn decode(status: u16, version: Version, body: &'static str) -> (Decoded, bool) {
        let base: reqwest::Url = "http://localhost".parse().unwrap();
        let context = CallContext::new(base.into(), HeaderMap::new(), 40);
        let headers = [(CONTENT_LENGTH, body.len().into())].into_iter().collect();
        context
            .head
            .set(ResponseHead::new(status, headers))
            .unwrap();
        let client = Client::new_with_client(reqwest::Client::new(), context);
        let response = http::Response::builder().status(status).version(version);
        let response = bounded(response.body(body).unwrap().into(), 40);
        let mut task = Context::from_waker(Waker::noop());
        let Poll::Ready(decoded) = pin!(client.decode(response)).poll(&mut task) else {
            panic!("the body is complete");
        };
        (decoded, client.context().explicit_rejection())
    }

    #[test]
    fn every_status_is_decoded() {
        for status in [200, 201, 299, 301, 404, 429, 500] {
            let (decoded, _) = decode(status, Version::HTTP_11, r#"{"statusCode":500}"#);
            let value = decoded.unwrap();
            assert_eq!(
                value.status_code.map(|code| code.get()),
                Some(500),
                "{status}"
            );
        }
    }

    #[test]
    fn errors_do_not_contain_unreadable_bodies() {
        let secret = "13800138000";
        for version in [Version::HTTP_09, Version::HTTP_11] {
            let (decoded, is_rejection) = decode(429, version, secret);
            let error = decoded.unwrap_err();
            assert!(!format!("{error} {error:?}").contains(secret), "{error}");
            assert!(matches!(error, Error::InvalidResponsePayload(body, _) if body.is_empty()));
            assert!(!is_rejection);
        }
        assert!(decode(429, Version::HTTP_11, "slow down").1);
        assert!(!decode(429, Version::HTTP_09, "slow down").1);
        let long = r#"{"statusCode":429,"message":"more than forty bytes"}"#;
        let (decoded, is_rejection) = decode(429, Version::HTTP_11, long);
        assert!(matches!(decoded, Err(Error::ResponseBodyError(_))) && !is_rejection);
    }
}
