//! What happens to every request and response of the generated client.

use std::fmt;
use std::sync::OnceLock;

use http_body_util::Limited;
use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo};
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Body, Request, Response, ResponseBuilderExt};

use crate::generated::Client;

/// The inner value of a [`Client`]: what one call sends besides its body, and what it learns.
///
/// Headers that every call has belong to the `reqwest::Client` as its default headers.
///
/// A client is made for one call and costs next to nothing (its `reqwest::Client` is shared), so
/// that no call can see another's headers or outcome.
#[derive(Clone, Debug)]
pub struct CallContext {
    headers: HeaderMap,
    max_response_bytes: usize,
    head: OnceLock<ResponseHead>,
}

/// The head of a response, which the generated client does not hand on in every case.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResponseHead {
    /// The HTTP status.
    pub http_status: u16,
    /// The headers. They stand here alone: a `ResponseValue` has none, as it would copy them.
    pub headers: HeaderMap,
}

impl ResponseHead {
    /// A head with this status and these headers.
    pub fn new(http_status: u16, headers: HeaderMap) -> Self {
        Self {
            http_status,
            headers,
        }
    }
}

/// Shows the status alone: what a server puts into headers may be private.
impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead")
            .field("http_status", &self.http_status)
            .finish_non_exhaustive()
    }
}

impl CallContext {
    /// A context for one call: the call's own headers, and the largest body to accept, in bytes.
    ///
    /// Mark headers that hold a secret as sensitive, so that `Debug` hides them.
    pub fn new(headers: HeaderMap, max_response_bytes: usize) -> Self {
        Self {
            headers,
            max_response_bytes,
            head: OnceLock::new(),
        }
    }

    /// The head of the response, once there was one.
    pub fn head(&self) -> Option<&ResponseHead> {
        self.head.get()
    }
}

impl Client {
    /// The context that this client was made with.
    pub fn context(&self) -> &CallContext {
        &self.inner
    }
}

impl ClientHooks<CallContext> for Client {
    /// Puts the call's own headers on, and the length.
    ///
    /// The length is set here and not left to the layers below, because a default header of the
    /// HTTP client would count for more than the true length there, and cut the body off.
    async fn pre<E>(&self, request: &mut Request, _: &OperationInfo) -> Result<(), Error<E>> {
        let length = request.body().and_then(Body::as_bytes).map(<[u8]>::len);
        let headers = request.headers_mut();
        headers.extend(
            self.inner
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        Ok(())
    }

    /// Takes the head of the response, and bounds its body before anybody reads it.
    async fn exec(&self, request: Request, _: &OperationInfo) -> reqwest::Result<Response> {
        let mut response = self.client().execute(request).await?;
        let headers = std::mem::take(response.headers_mut());
        let head = ResponseHead::new(response.status().as_u16(), headers);
        // A context serves one call; should it serve another, the first head stays.
        let _ = self.inner.head.set(head);
        Ok(bounded(response, self.inner.max_response_bytes))
    }
}

/// The same response with a body that fails once it exceeds `limit` bytes, or at once if it
/// announces that it will.
///
/// A body that announces a length within the limit is left alone: HTTP/1.1 framing ends it there.
fn bounded(response: Response, limit: usize) -> Response {
    match response.content_length() {
        Some(length) if length <= limit as u64 => response,
        Some(_) => with_body(response, |_| {
            Limited::new(Body::from("more than announced"), 0)
        }),
        None => with_body(response, |body| Limited::new(body, limit)),
    }
}

/// The same response with another body.
fn with_body(response: Response, change: impl FnOnce(Body) -> Limited<Body>) -> Response {
    // Handing the URL on spares parsing a made-up one.
    let url = response.url().clone();
    let (mut parts, body) = http::Response::<Body>::from(response).into_parts();
    if let Ok(with_url) = http::Response::builder().url(url).body(()) {
        parts.extensions.extend(with_url.into_parts().0.extensions);
    }
    Response::from(http::Response::from_parts(parts, Body::wrap(change(body))))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderValue, SET_COOKIE};

    use super::*;

    #[test]
    fn the_headers_of_a_response_are_not_printed() {
        let cookie = (SET_COOKIE, HeaderValue::from_static("session=secret"));
        let head = ResponseHead::new(200, [cookie].into_iter().collect());
        let context = CallContext::new(HeaderMap::new(), 1);
        context.head.set(head).unwrap();
        let printed = format!("{context:?} {context:#?}");
        assert!(
            printed.contains("200") && !printed.contains("secret"),
            "{printed}"
        );
    }
}
