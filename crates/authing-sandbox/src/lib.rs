//! A local simulation of Authing with one operation: the exchange of a WeChat mini program's phone
//! code for the phone number.
//!
//! It issues codes as a user's tap would, accepts each of them once and for five minutes, responds
//! in every [`Shape`] of the OpenAPI document, injects faults ([`Fault`]), and keeps a ledger
//! ([`Entry`]) of what happened to each code.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use authing_sandbox::{CodeStatus, CutAt, Fault, How, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! let code = sandbox.issue_code("+8613800138000")?;
//! sandbox.push_fault(Fault::cut(CutAt::HalfBody, How::Reset))?;
//! // Give `sandbox.base_url()` and `code` to the code under test. Then ask what happened:
//! let entry = sandbox.entry(&code).ok_or("never issued")?;
//! assert_eq!(entry.status, CodeStatus::Issued);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
//! #     .block_on(example()).unwrap();
//! ```
//!
//! Its behavior follows Authing's documentation and published libraries; it has not been compared
//! with the live service. It is a test tool: it keeps codes and phone numbers in memory and shows
//! them. So it listens on loopback addresses only, unless another one is allowed and an admin token
//! is set. The console and the admin routes reject other host names, and all routes reject web pages
//! of another origin.
//!
//! # Console and admin routes
//!
//! `GET /` is the web console. Programs can use the same routes as the console. Bodies are JSON
//! with `content-type: application/json`; an error is HTTP 400 and `{"error": "…"}`.
//!
//! | route | does |
//! |---|---|
//! | `GET /sandbox` | shows everything, of codes and requests the latest 50 |
//! | `POST /sandbox/codes` | issues a code: `{"phoneNumber": "+8613800138000"}`, optional `connection` |
//! | `PUT /sandbox/controls` | any of `{"shape": "nested", "rateLimit": 5, "latencyMs": 300, "advanceSeconds": 300}`; `"rateLimit": "off"` removes the limit, 0 rejects every request |
//! | `POST /sandbox/faults` | adds a fault, see below; `DELETE` removes all |
//! | `POST /sandbox/send` | `{"code": "…", "to": "backend"}` hands a code to the backend, `"sandbox"` exchanges it |
//! | `GET /openapi.json` | the OpenAPI document of the operation |
//!
//! # Faults
//!
//! `{"action": {"kind": "cut", "at": "half-body", "how": "reset"}, "times": 2, "consume": true,
//! "afterMs": 0, "intervalMs": 0, "early": null}`. Only `action` is required;
//! [`Fault`] explains the rest. `times` is 1 by default, `null` means no limit. A fault takes the next
//! request that is not for the console, whatever its method and path. If it acts before the request
//! is complete, it first waits up to 50 ms for the head, to tell whose request it is.
//!
//! | `kind` | fields |
//! |---|---|
//! | `answer` | `httpStatus`, `headers` (pairs), `body`; what is absent is taken from the real response, so that `{"kind": "answer"}` with `afterMs` only delays it |
//! | `raw` | `bytes`; optional `repeat`, `then` (as `how`) |
//! | `cut` | `at`: `accept`, `{"handshake": n}`, `{"request-bytes": n}`, `request`, `status-line`, `half-body`, `{"response-bytes": n}`, `response`; `how`: `fin`, `reset`, `stall` |
//! | `twice` | none |
//!
//! # Limits
//!
//! What is kept is bounded, and the oldest is forgotten first: [`MAX_CODES`],
//! [`MAX_RECORDS`], [`MAX_RECORDED_BYTES`]. At most [`MAX_FAULTS`] faults wait.
//! At most [`MAX_CONNECTIONS`] connections are served at a time. A request has a minute to arrive,
//! an idle connection is closed after a minute, and a peer that reads nothing for 5 s is reset.

/// Writes methods that change `self` and return it.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($self:ident $(, $argument:ident: $type:ty)*) => $change:expr;)+) => {
        $($(#[$doc])*
        pub fn $name(mut $self $(, $argument: $type)*) -> Self {
            $change;
            $self
        })+
    };
}

mod answer;
mod api;
mod console;
mod fault;
mod get_wechat_miniprogram_phone;
mod guard;
mod ledger;
mod log;
mod number;
mod operation;
mod refusal;
mod relay;
mod request;
mod sandbox;
mod state;
mod wire;

pub use answer::Shape;
pub use console::OPENAPI_DOCUMENT;
pub use fault::{CutAt, Fault, How, MAX_FAULTS};
pub use get_wechat_miniprogram_phone::EXCHANGE_PATH;
pub use ledger::{CODE_LIFETIME, CodeStatus, Entry, MAX_CODES, Outcome};
pub use log::{
    ConnectionRecord, Ending, MAX_RECORDED_BYTES, MAX_RECORDED_RESPONSE, MAX_RECORDS, RequestRecord,
};
pub use refusal::Rejection;
pub use sandbox::{Builder, DEFAULT_APP_ID, DEFAULT_CONNECTION, DEFAULT_USERPOOL_ID, Sandbox};
pub use state::{MAX_ADVANCE, MAX_LATENCY};
pub use wire::MAX_CONNECTIONS;
