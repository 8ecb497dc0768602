//! `GET /sandbox/settings`: what a sandbox was told at its start, and what it can be told.

use axum::body::Body;
use axum::extract;
use axum::http::Response;
use serde_json::{Value, json};

use super::EXCHANGE_PATH;
use crate::backend::Backend;
use crate::ledger::CODE_LIFETIME;
use crate::reply::Reply;
use crate::shape::Shape;
use crate::state::State;

pub(super) async fn settings(extract::State(state): extract::State<State>) -> Response<Body> {
    let applications: Vec<Value> = state
        .applications()
        .iter()
        .map(|application| {
            json!({
                "appId": application.app_id,
                "userpoolId": application.userpool_id,
                "connections": application.connections,
            })
        })
        .collect();
    let shapes: Vec<&str> = Shape::all().iter().map(|shape| shape.name()).collect();
    let body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "exchangePath": EXCHANGE_PATH,
        "codeLifetimeSeconds": CODE_LIFETIME.as_secs(),
        "applications": applications,
        "backend": state.backend().map(Backend::address),
        "shapes": shapes,
    });
    Reply::json(200, &body).into_response()
}
