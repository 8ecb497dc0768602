//! The properties that the responses of every operation share.

use crate::scalars::{IdText, UntrustedText, WholeNumber};

/// The envelope of a response. Generated for every response type, from the properties it has.
pub trait Envelope {
    /// Returns `statusCode`.
    fn status_code(&self) -> Option<i64> {
        None
    }

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

    /// Returns WeChat's `errcode` and `errmsg` from the top level or from `data`. An `errcode` other
    /// than 0 takes precedence.
    fn wechat_error(&self) -> WechatError<'_> {
        (None, None)
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

/// Returns the first place with an `errcode` other than 0, otherwise the first with an `errcode`,
/// otherwise the first one.
pub(crate) fn first_error<'a, const N: usize>(
    places: [Option<(Option<WholeNumber>, Option<&'a UntrustedText>)>; N],
) -> WechatError<'a> {
    let rank = |(errcode, _): &WechatError<'_>| match errcode {
        None => 2,
        Some(0) => 1,
        Some(_) => 0,
    };
    let places = places.into_iter().flatten();
    places
        .map(|(errcode, errmsg)| (errcode.map(WholeNumber::get), errmsg))
        .min_by_key(rank)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::GetWechatMiniProgramPhoneRespDto;

    struct Empty;
    impl Envelope for Empty {}

    #[test]
    fn an_envelope_without_properties_has_no_values() {
        let numbers = [Empty.status_code(), Empty.api_code(), Empty.errcode()];
        assert_eq!(numbers, [None; 3]);
        assert!(Empty.message().is_none() && Empty.errmsg().is_none());
        assert!(Empty.request_id().is_none());
    }

    #[test]
    fn wechat_error_other_than_zero_takes_precedence() {
        for (data, beside, expected) in [
            (
                r#"{"errcode":0,"errmsg":"a"}"#,
                "40029",
                (Some(40029), Some("b")),
            ),
            (
                r#"{"errcode":40163,"errmsg":"a"}"#,
                "40029",
                (Some(40163), Some("a")),
            ),
            (r#"{"errcode":0,"errmsg":"a"}"#, "0", (Some(0), Some("a"))),
            ("null", "\"40029\"", (Some(40029), Some("b"))),
            ("[]", "true", (None, Some("b"))),
        ] {
            let body = format!(r#"{{"data":{data},"errcode":{beside},"errmsg":"b"}}"#);
            let response: GetWechatMiniProgramPhoneRespDto = serde_json::from_str(&body).unwrap();
            let errmsg = response.errmsg().map(UntrustedText::as_str);
            assert_eq!((response.errcode(), errmsg), expected, "{body}");
        }
    }
}
