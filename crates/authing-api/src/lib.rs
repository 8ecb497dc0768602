//! The low-level Authing client: what `cargo xtask codegen` writes, and the little that it stands on.
//!
//! Backends use the `authing` crate instead: this one sends requests and reads answers, and has no
//! opinion on what an answer means, on retries, or on errors. In reading order:
//!
//! - [`Client`]: one method per operation of the OpenAPI document;
//! - [`types`]: the DTOs under their documented names;
//! - [`scalars`]: the hand-written types that the document's formats stand for;
//! - [`reply`]: the tolerant reading of any answer;
//! - [`hooks`]: what happens to every request and response.
//!
//! Nothing in here shows a code, a token or a phone number in its `Debug`.
//!
//! ```
//! use authing_api::{Client, hooks::CallContext, types::GetWechatMiniProgramPhoneDto};
//!
//! # fn request() -> (Client, GetWechatMiniProgramPhoneDto) {
//! let context = CallContext::new(Default::default(), 64 * 1024);
//! let client = Client::new_with_client("http://127.0.0.1:8787", reqwest::Client::new(), context);
//! let body = GetWechatMiniProgramPhoneDto::new("CODE".into(), "my-wxapp".into());
//! # (client, body)
//! # }
//! # assert!(!format!("{:?}", request().1).contains("CODE"));
//! // client.get_wechat_miniprogram_phone(&body).await
//! ```

pub mod hooks;
pub mod reply;
pub mod scalars;
mod tolerant;

#[rustfmt::skip]
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    rustdoc::bare_urls,
    clippy::pedantic,
    reason = "the generator's own habits; none of them hides a fault"
)]
mod generated;

pub use generated::{Client, types};
