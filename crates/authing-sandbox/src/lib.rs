#![doc = include_str!("../README.md")]

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
mod ledger;
mod log;
mod number;
mod rejection;
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
pub use rejection::Rejection;
pub use sandbox::{Builder, DEFAULT_APP_ID, DEFAULT_CONNECTION, DEFAULT_USERPOOL_ID, Sandbox};
pub use state::{MAX_ADVANCE, MAX_LATENCY};
pub use wire::MAX_CONNECTIONS;
