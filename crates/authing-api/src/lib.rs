//! The low-level Authing client: generated code and the few hand-written types it uses.
//!
//! Applications use the `authing` crate instead. [`Client`] has one method per operation of the
//! OpenAPI document: it sends a request and decodes the response, and does not retry or classify
//! errors. [`types`] holds the DTOs under their documented names.
//!
//! `Debug` of a type in this crate shows no code, token or phone number.
//!
//! # Decoding
//!
//! All properties of a response are optional, and a value of the wrong type counts as absent, as
//! does a text of more than 32 KiB that has escapes. Two exceptions: a repeated property of the top
//! level makes the response unreadable, since RFC 8259 leaves its meaning open, and one inside an
//! object makes that object absent.
//!
//! The DTOs of responses borrow while they decode, so they decode from slices and strings, not
//! from a `serde_json::Value` or a reader. The scalars decode from all of them.
//!
//! ```
//! use authing_api::types::GetWechatMiniProgramPhoneRespDto;
//!
//! let body = r#"{"statusCode": 200.0, "message": 5, "data": {"countryCode": 86}}"#;
//! let response: GetWechatMiniProgramPhoneRespDto = serde_json::from_str(body)?;
//! assert_eq!(response.status_code.map(|number| number.get()), Some(200));
//! assert!(response.message.is_none());
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod context;
pub mod envelope;
mod exchange;
mod lenient;
mod rejection;
pub mod scalars;

#[rustfmt::skip]
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    clippy::pedantic,
    reason = "style of the generator"
)]
mod generated;

pub use generated::{Client, types};
