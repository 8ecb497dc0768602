//! A local stand-in for Authing behind one endpoint: the exchange of a WeChat mini-program code
//! for a phone number.
//!
//! It knows applications and their connections, issues codes as a user's tap would, honours their
//! single use and their five minutes, answers in every [`Shape`] that the real service is known
//! or suspected to use, breaks in every way that a network can ([`Fault`]), and keeps a ledger
//! ([`Entry`]) that says what really became of each code.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use authing_sandbox::{CodeStatus, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! let code = sandbox.issue_code("+8613800138000")?;
//! // Give `sandbox.base_url()` and `code` to the client under test, and then:
//! let entry = sandbox.entry(&code).ok_or("never issued")?;
//! assert_eq!(entry.status, CodeStatus::Issued);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
//! #     .block_on(example()).unwrap();
//! ```
//!
//! What is imitated is either "documented", on the vendor's reference page or in its guide, or
//! "read" in the vendor's published sources, or a guess and called one. Nobody has compared it
//! with the live service.
//!
//! This is a test tool. It keeps codes and phone numbers in memory and shows them to whoever asks.
//! So it listens on loopback addresses, unless another is allowed and an admin token is set; its
//! own routes answer to no other name than this machine's, and to no page of another origin.
//!
//! # The console, and the HTTP API of the sandbox itself
//!
//! `GET /` is a page for people: a phone to tap on, the ledger, the switches. All of it goes
//! through these routes, so that whatever the page can do a program can.
//!
//! | route | does |
//! |---|---|
//! | `POST /sandbox/codes` | issues a code: `phoneNumber`; optional `appId`, `connection`, `kind` (`phone` or `login`), `code` (its text) |
//! | `GET /sandbox/ledger` | the ledger; `?code=…` for one code, `?limit=…` for the latest (1000 unless set) |
//! | `GET /sandbox/requests` | the request log |
//! | `GET /sandbox/events` | the latest of both and the switches, as server-sent events named `picture` |
//! | `GET /sandbox/settings` | applications, shapes, the backend |
//! | `GET`, `PUT /sandbox/shape` | `{"shape": "nested"}` |
//! | `GET`, `POST`, `DELETE /sandbox/faults` | the queue of faults, see below |
//! | `GET`, `POST /sandbox/clock` | `{"advanceSeconds": 300}` |
//! | `GET`, `PUT /sandbox/rate-limit` | `{"perSecond": 300, "retryAfter": true}`; `null` for no limit |
//! | `GET`, `PUT /sandbox/latency` | `{"millis": 300}`: every reply of the exchange comes later |
//! | `GET`, `POST /sandbox/backend` | `{"code": "…"}`: hands a code to the backend named at the start |
//! | `POST /sandbox/exchange` | `{"code": "…"}`: plays the backend, with one request to the exchange; optional `appId`, `connection` |
//! | `GET /openapi.json` | the OpenAPI document of the endpoint |
//!
//! Bad input is answered with HTTP 400 and `{"error": "…"}`, which says what is wrong.
//!
//! A fault is one flat object. Every kind takes `times` (1 unless set) or `permanent`, `consume`
//! and `delayMs`; [`Fault`] says what these mean.
//!
//! | `kind` | takes |
//! |---|---|
//! | `delay` | `delayMs` |
//! | `reply` | `statusCode`; optional `httpStatus`, `apiCode`, `message`, `retryAfter`, `headers` |
//! | `throttle` | optional `retryAfter`, a string: seconds, a date, or anything else |
//! | `wechat` | `errcode`; optional `errmsg` |
//! | `raw` | `httpStatus`; optional `contentType`, `body`, `retryAfter`, `headers` |
//! | `cut` | `at`: `accept`, `request-bytes` (with `bytes`), `request`, `status-line`, `half-body` or `reply`; `how`: `fin` or `reset` |
//! | `garbage` | optional `body` |
//! | `drip` | `intervalMs` |
//!
//! # Limits
//!
//! What is kept is bounded, and the oldest is forgotten first: [`MAX_CODES`], [`MAX_ATTEMPTS`] of
//! each, [`MAX_UNKNOWN_CODES`], [`MAX_REQUESTS`]. So is what is accepted: [`MAX_REQUEST_BODY`],
//! [`MAX_FAULTS`], [`MAX_FAULTS_SIZE`], [`MAX_FAULT_BODY`], [`MAX_DELAY`], [`MAX_ADVANCE`],
//! [`MAX_LATENCY`], [`MAX_CONNECTIONS`], [`MAX_ADMIN_REQUESTS`], [`MAX_WATCHERS`]. A
//! client has a minute for the head of a request, and one for its body; an idle connection is
//! closed after a minute.

mod admission;
mod backend;
mod clock;
mod config;
mod decide;
mod fault;
mod fault_spec;
mod http;
mod ledger;
mod limit;
mod phone;
mod random;
mod refusal;
mod reply;
mod requests;
mod sandbox;
mod server;
mod shape;
mod state;
mod sync;
mod time;
mod wire;

pub use admission::{MAX_ADMIN_REQUESTS, MAX_WATCHERS};
pub use clock::{Clock, MAX_ADVANCE};
pub use config::{
    Application, DEFAULT_APP_ID, DEFAULT_CONNECTION, DEFAULT_USERPOOL_ID, FREE_PLAN_RATE_LIMIT,
};
pub use fault::{
    CutAt, CutHow, Fault, FaultError, MAX_DELAY, MAX_FAULT_BODY, MAX_FAULTS, MAX_FAULTS_SIZE,
};
pub use fault_spec::{FaultSpec, FaultSpecError};
pub use http::{EXCHANGE_PATH, MAX_REQUEST_BODY, OPENAPI_DOCUMENT, app};
pub use ledger::{
    Attempt, AttemptResult, CODE_LIFETIME, CodeKind, CodeStatus, Counts, Entry, MAX_ATTEMPTS,
    MAX_CODES, MAX_UNKNOWN_CODES, UnknownCode,
};
pub use phone::PhoneNumberError;
pub use refusal::Refusal;
pub use requests::{Ending, MAX_REQUESTS, Outcome, RequestRecord};
pub use sandbox::{Builder, Sandbox};
pub use server::MAX_CONNECTIONS;
pub use shape::{Shape, UnknownShape};
pub use state::{IssueError, MAX_LATENCY, State};
