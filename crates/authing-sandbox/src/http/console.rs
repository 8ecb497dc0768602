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

macro_rules! files {
    ($($path:literal: $content_type:literal = $file:literal,)+) => {
        /// Every file of the console: path, content type, content.
        const FILES: &[(&str, &str, &str)] = &[
            $(($path, $content_type, include_str!(concat!("../../console/", $file))),)+
        ];
    };
}

files! {
    "/": "text/html; charset=utf-8" = "index.html",
    "/console/console.css": "text/css; charset=utf-8" = "console.css",
    "/console/phone.css": "text/css; charset=utf-8" = "phone.css",
    "/console/icon.svg": "image/svg+xml" = "icon.svg",
    "/console/api.js": "text/javascript; charset=utf-8" = "api.js",
    "/console/board.js": "text/javascript; charset=utf-8" = "board.js",
    "/console/main.js": "text/javascript; charset=utf-8" = "main.js",
    "/console/phone.js": "text/javascript; charset=utf-8" = "phone.js",
    "/console/switches.js": "text/javascript; charset=utf-8" = "switches.js",
}

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
