//! Exchanges the one-time code of a WeChat mini program for the user's phone number, through
//! [Authing](https://www.authing.cn).
//!
//! This crate is unofficial. A code is sent at most once unless it is known to be unused,
//! certificates are always verified, and no code, token, phone number or body appears in errors,
//! logs or traces.
//!
//! ```no_run
//! # fn save(_: Option<String>) {}
//! # async fn example(code: &str) -> Result<(), authing::Error> {
//! let client = authing::AuthenticationClient::builder()
//!     .app_host("https://example.authing.cn")
//!     .app_id("APP_ID")
//!     .build()?;
//!
//! match client.get_wechat_miniprogram_phone(code, "my-wxapp").await {
//!     Ok(reply) => save(reply.data.e164()),
//!     Err(error) if error.is_retryable() => println!("send the same code again: {error}"),
//!     Err(error) => println!("ask the user to tap again: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Store [`e164`](GetWechatMiniProgramPhoneDataDto::e164), not `phone_number`: the service returns
//! the same number with and without `+86`, so `phone_number` would create duplicate accounts.
//!
//! # Features
//!
//! - `rustls` (default): https with rustls, and with aws-lc-rs unless the process has installed
//!   another cryptography provider;
//! - `rustls-no-provider`: https with rustls and the provider that the process has installed;
//! - `blocking`: the module `blocking`;
//! - `schemars`: `JsonSchema` (schemars 1) for the result types;
//! - `test-util`: constructors of the result types, for unit tests.
//!
//! # What is not guaranteed
//!
//! - A server that sends a chunk size of endless zeros, or endless 1xx responses, keeps hyper busy
//!   without giving control back to the runtime: the deadline of an async call can pass late, and
//!   other tasks on that thread are delayed. A blocking call keeps its deadline.
//! - If a server or gateway sends a second response on a connection, the next call on it can
//!   receive it, and so another caller's phone number. Bytes that arrive on an idle connection close
//!   it, but later ones cannot be told from a response. `Duration::ZERO` as
//!   [`pool_idle_timeout`](AuthenticationClientBuilder::pool_idle_timeout) rules this out.

// In reading order: what a caller uses, operations, the path of a call, decisions, errors.
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod client;
mod request;

mod get_wechat_miniprogram_phone;
mod operation;

mod call;
mod observe;
mod options;
mod outcome;
#[cfg(feature = "rustls-no-provider")]
mod tls;
mod transport;

mod classify;
mod retry;
mod validate;

mod error;
mod kind;

pub use authing_api::scalars::{CountryCode, PhoneNumber};

pub use builder::AuthenticationClientBuilder;
pub use client::AuthenticationClient;
pub use error::{Error, Result};
pub use get_wechat_miniprogram_phone::{
    GetWechatMiniProgramPhoneDataDto, GetWechatMiniProgramPhoneRespDto, Watermark,
};
pub use kind::{CodeState, ErrorKind};
pub use request::Request;
pub use retry::RetryPolicy;
