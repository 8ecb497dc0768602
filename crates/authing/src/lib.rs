//! Exchanges the one-time code of a WeChat mini program for the user's phone number, through
//! [Authing](https://www.authing.cn).
//!
//! This is not the vendor's library. It makes one call, `POST /api/v3/get-wechat-miniprogram-phone`,
//! and tells the truth about it: a code is sent at most once, certificates are always verified,
//! and an [`Error`] says whether the same code may be used again or the user must tap once more.
//!
//! ```no_run
//! use authing::{AuthenticationClient, CodeState};
//!
//! # async fn example(code: &str) -> Result<(), authing::Error> {
//! let client = AuthenticationClient::builder()
//!     .app_host("https://example.authing.cn")
//!     .app_id("APP_ID")
//!     .build()?;
//!
//! match client.get_wechat_miniprogram_phone(code, "my-wxapp").await {
//!     Ok(reply) => println!("{}", reply.data.phone_number.as_str()),
//!     Err(error) if error.code_state() == CodeState::Unspent => println!("try again: {error}"),
//!     Err(error) => println!("the user must tap again: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing that this library prints, logs or traces contains a code, a token, a phone number or a
//! body. Phone numbers are [`PhoneNumber`]s, which `Debug` hides; `as_str` gives the text.
//!
//! # Features
//!
//! - `rustls` (default): `https` by rustls, with aws-lc-rs as the cryptography provider;
//! - `rustls-no-provider`: the same with the provider that the process installed as its default;
//! - `blocking`: the module `blocking`, for callers without an async runtime;
//! - `schemars`: `JsonSchema` (schemars 1) for the result types.

// In reading order: what a caller holds …
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod client;
mod request;
// … the operations, one file each, and what they yield …
mod dto;
mod get_wechat_miniprogram_phone;
mod operation;
// … the path of a call …
mod call;
mod observe;
mod outcome;
#[cfg(feature = "rustls-no-provider")]
mod tls;
mod transport;
// … its decisions, each a pure function …
mod classify;
mod retry;
mod retry_after;
mod validate;
mod wechat;
// … and what it says when it fails.
mod error;
mod from_kind;

pub use authing_api::scalars::{CountryCode, PhoneNumber};

pub use builder::AuthenticationClientBuilder;
pub use client::AuthenticationClient;
pub use dto::{GetWechatMiniProgramPhoneDataDto, GetWechatMiniProgramPhoneRespDto, Watermark};
pub use error::{CodeState, Error, ErrorKind, Result};
pub use get_wechat_miniprogram_phone::GetWechatMiniprogramPhone;
pub use request::Request;
pub use retry::RetryPolicy;
