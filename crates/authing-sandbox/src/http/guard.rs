//! The door in front of the sandbox's own routes, as layers.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{self, Request};
use axum::http::{HeaderValue, Response, header};
use axum::middleware::{Next, from_fn_with_state};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::admin::error;
use crate::admission::Refused;
use crate::state::State;

/// How long a request waits for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// Routes that only the sandbox's own page, and programs, may use.
pub(super) fn guarded(routes: Router<State>, state: &State) -> Router<State> {
    routes.layer(from_fn_with_state(state.clone(), check))
}

/// Routes of which only so many are answered at a time.
pub(super) fn bounded(routes: Router<State>, state: &State) -> Router<State> {
    routes.layer(from_fn_with_state(state.clone(), wait_for_a_place))
}

async fn check(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let page = request.uri().path() == "/";
    let admission = state.admission();
    let mut reply = match admission.check(request.method(), request.headers(), page) {
        Ok(()) => next.run(request).await,
        Err(Refused::Token) => {
            let mut reply = error(401, &Refused::Token.to_string());
            reply.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"authing-sandbox\", charset=\"UTF-8\""),
            );
            reply
        }
        Err(refused @ (Refused::Host | Refused::Origin)) => error(403, &refused.to_string()),
    };
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // No other page may embed an answer, not even as a script that fails to parse.
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        reply
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    reply
}

async fn wait_for_a_place(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let waiting = state.admission().requests().acquire_owned();
    let Ok(Ok(place)) = timeout(PATIENCE, waiting).await else {
        return error(
            503,
            "too many requests to the sandbox's own routes at a time",
        );
    };
    next.run(request).await.map(|body| {
        Body::new(Placed {
            body,
            _place: place,
        })
    })
}

/// A body that keeps its place until it has been read, so that large replies to clients that never
/// read cannot pile up.
struct Placed {
    body: Body,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Placed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
