//! The console at `/`: a page that plays the phone and shows the ledger, embedded in the program.

use axum::Router;
use axum::body::Body;
use axum::http::{Response, header};
use axum::routing::get;

use super::guard::guarded;
use crate::state::State;

/// The page may load and ask for what comes from here, and for nothing else; no script or style
/// stands in the page itself, and no other page may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'";

const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Every file of the console: path, content type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("../../console/index.html")),
    (
        "/console/console.css",
        CSS,
        include_str!("../../console/console.css"),
    ),
    (
        "/console/phone.css",
        CSS,
        include_str!("../../console/phone.css"),
    ),
    (
        "/console/icon.svg",
        SVG,
        include_str!("../../console/icon.svg"),
    ),
    ("/console/api.js", JS, include_str!("../../console/api.js")),
    (
        "/console/board.js",
        JS,
        include_str!("../../console/board.js"),
    ),
    (
        "/console/main.js",
        JS,
        include_str!("../../console/main.js"),
    ),
    (
        "/console/phone.js",
        JS,
        include_str!("../../console/phone.js"),
    ),
    (
        "/console/switches.js",
        JS,
        include_str!("../../console/switches.js"),
    ),
];

pub(super) fn routes(state: &State) -> Router<State> {
    let routes = FILES
        .iter()
        .fold(Router::new(), |routes, (path, content_type, content)| {
            let file = async move || {
                Response::builder()
                    .header(header::CONTENT_TYPE, *content_type)
                    .header(header::CONTENT_SECURITY_POLICY, POLICY)
                    .header("cross-origin-opener-policy", "same-origin")
                    .body(Body::from(*content))
                    .unwrap_or_default()
            };
            // Any other method is as unknown here as it is to Authing.
            routes.route(path, get(file).fallback(super::unknown))
        });
    guarded(routes, state)
}
