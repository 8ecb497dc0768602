//! The properties that the responses of every operation share.

use crate::scalars::{IdText, UntrustedText};

/// The envelope of a response. Generated for every response type, from the properties it has.
pub trait Envelope {
    /// Returns `statusCode`.
    fn status_code(&self) -> Option<i64>;

    /// Returns `message`.
    fn message(&self) -> Option<&UntrustedText> {
        None
    }

    /// Returns `apiCode`.
    fn api_code(&self) -> Option<i64> {
        None
    }

    /// Returns `requestId`.
    fn request_id(&self) -> Option<&IdText> {
        None
    }

    /// Returns WeChat's `errcode` and `errmsg` from `data`.
    fn data_error(&self) -> Option<WechatError<'_>> {
        None
    }

    /// Returns WeChat's `errcode` and `errmsg` from the top level.
    fn own_error(&self) -> Option<WechatError<'_>> {
        None
    }

    /// Returns WeChat's `errcode` and `errmsg` from `data` or from the top level. An `errcode` other
    /// than 0 takes precedence, then 0, then `data`.
    fn wechat_error(&self) -> WechatError<'_> {
        let places = [self.data_error(), self.own_error()].into_iter().flatten();
        places
            .min_by_key(|(errcode, _)| errcode.map_or(2, |errcode| i32::from(errcode == 0)))
            .unwrap_or_default()
    }

    /// Returns WeChat's `errcode`.
    fn errcode(&self) -> Option<i64> {
        self.wechat_error().0
    }

    /// Returns WeChat's `errmsg`, from the same place as the `errcode`.
    fn errmsg(&self) -> Option<&UntrustedText> {
        self.wechat_error().1
    }
}

/// WeChat's `errcode` and `errmsg`.
pub type WechatError<'a> = (Option<i64>, Option<&'a UntrustedText>);
