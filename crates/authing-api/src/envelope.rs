//! The properties that the responses of every operation share.

use crate::scalars::{IdText, UntrustedText, WholeNumber};

/// The envelope of a response. Generated for every response type, from the properties it has.
pub trait Envelope {
    /// Returns `statusCode`.
    fn status_code(&self) -> Option<i64>;

    /// Returns `message`.
    fn message(&self) -> Option<&UntrustedText>;

    /// Returns `apiCode`.
    fn api_code(&self) -> Option<i64>;

    /// Returns `requestId`.
    fn request_id(&self) -> Option<&IdText>;

    /// Returns WeChat's `errcode` and `errmsg` from the top level or from `data`. An `errcode` other
    /// than 0 takes precedence.
    fn wechat_error(&self) -> WechatError<'_>;

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

/// Returns the first place with an `errcode` other than 0, otherwise the first with an `errcode`,
/// otherwise the first one.
pub(crate) fn first_error<'a, const N: usize>(
    places: [Option<(Option<WholeNumber>, Option<&'a UntrustedText>)>; N],
) -> WechatError<'a> {
    let places = places.into_iter().flatten();
    places
        .map(|(errcode, errmsg)| (errcode.map(WholeNumber::get), errmsg))
        .min_by_key(|(errcode, _)| errcode.map_or(2, |errcode| i32::from(errcode == 0)))
        .unwrap_or_default()
}
