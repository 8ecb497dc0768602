//! The console page, the OpenAPI document, and the way to the admin routes.

use crate::answer::Answer;
use crate::request::Request;
use crate::state::State;
use crate::{admin, guard};

/// The OpenAPI document of the operation, as it is served at `/openapi.json`.
pub const OPENAPI_DOCUMENT: &str = include_str!("../openapi.json");

/// The page uses only this origin, contains no inline script or style, and must not be framed.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The content type and the content of a file.
fn file(path: &str) -> Option<(&'static str, &'static str)> {
    Some(match path {
        "/" => (
            "text/html; charset=utf-8",
            include_str!("../console/index.html"),
        ),
        "/console/console.css" => ("text/css", include_str!("../console/console.css")),
        "/console/console.js" => ("text/javascript", include_str!("../console/console.js")),
        "/console/icon.svg" => ("image/svg+xml", include_str!("../console/icon.svg")),
        "/openapi.json" => ("application/json", OPENAPI_DOCUMENT),
        _ => return None,
    })
}

/// Responds to a request for the console.
pub(crate) async fn respond(state: &State, request: &Request) -> Answer {
    let file = file(request.path());
    let token = state.config.admin_token.as_deref();
    let answer = match (guard::check(request, token, file.is_some()), file) {
        (Err(rejected), _) => rejected,
        (Ok(()), Some((content_type, content))) if matches!(&*request.method, "GET" | "HEAD") => {
            Answer::new(200, content_type, content)
                .header("content-security-policy", POLICY)
                .header("cross-origin-opener-policy", "same-origin")
        }
        (Ok(()), Some(_)) => Answer::error(405, "the method must be GET"),
        (Ok(()), None) => admin::respond(state, request).await,
    };
    answer
        .header("cache-control", "no-store")
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        // No other page may embed a response, not even as a script that does not parse.
        .header("cross-origin-resource-policy", "same-origin")
}
