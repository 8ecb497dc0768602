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

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use reqwest::header::CONTENT_LENGTH;

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
        let response = response.body(body).unwrap().into();
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
        assert!(decoded.unwrap_err().to_string().contains("limit") && !is_rejection);
    }
}
