//! The tolerant reading of an answer: whatever can be read is kept, and nothing odd costs the rest.
//!
//! The shapes of one reply differ in where things stand, not in what they are called. So one pass
//! collects every known field wherever it stands; a field of the wrong type counts as absent, an
//! unknown one is passed over, and of a repeated one the last counts, as in most JSON readers.
//! Only two things make the reading fail: a body that is not one complete JSON object, and one
//! without a whole-number `statusCode`.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::scalars::{CountryCode, PhoneNumber, UntrustedText};
pub use crate::tolerant::Fields;
use crate::tolerant::{Key, tolerant};

/// An answer: its envelope, WeChat's verdict, and the operation's own fields `D`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reply<D = ()> {
    /// 200 means success, by the service's own account.
    pub status_code: i64,
    /// The fields that every answer may have.
    pub envelope: Envelope,
    /// WeChat's verdict: a refusal inside `data`, else one beside `statusCode`, else what there is.
    pub wechat: WechatVerdict,
    /// The operation's fields inside `data`, the documented place.
    pub data: D,
    /// The operation's fields beside `statusCode`, if any stand there.
    pub beside: Option<Box<D>>,
}

impl<D: Fields> Reply<D> {
    /// Reads a whole body.
    ///
    /// # Errors
    ///
    /// If it is not one complete JSON object with a whole-number `statusCode`. The error names a
    /// position in the body, and shows none of it.
    pub fn from_slice(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }
}

impl<D> Reply<D> {
    /// The same answer with other data.
    pub fn with_data<E>(self, data: E) -> Reply<E> {
        let Self {
            status_code,
            envelope,
            wechat,
            ..
        } = self;
        Reply {
            status_code,
            envelope,
            wechat,
            data,
            beside: None,
        }
    }
}

/// Defines a struct of tolerant fields: the name in JSON, the name in Rust, the type.
macro_rules! fields {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $json:literal => $field:ident: $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Fields for $name {
            fn take<'de, A: MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
            ) -> Result<bool, A::Error> {
                match key {
                    $($json => self.$field = tolerant(map)?,)*
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

fields! {
    /// The fields that every answer of this service may have, beside `statusCode`.
    Envelope {
        /// What happened, in the service's words, which may repeat what was sent.
        "message" => message: Option<UntrustedText>,
        /// A finer code of the failure.
        "apiCode" => api_code: Option<i64>,
        /// Names the request to the vendor's support.
        "requestId" => request_id: Option<UntrustedText>,
    }
}

fields! {
    /// What WeChat said, handed through.
    WechatVerdict {
        /// WeChat's error code; 0 means success.
        "errcode" => errcode: Option<i64>,
        /// WeChat's words; those of a failure end in `rid:` and an id.
        "errmsg" => errmsg: Option<UntrustedText>,
    }
}

impl WechatVerdict {
    /// Whether WeChat said no.
    fn refuses(&self) -> bool {
        self.errcode.is_some_and(|errcode| errcode != 0)
    }
}

fields! {
    /// A phone number with its parts.
    PhoneInfo {
        /// With its calling code, mostly.
        "phoneNumber" => phone_number: Option<PhoneNumber>,
        /// Without its calling code.
        "purePhoneNumber" => pure_phone_number: Option<PhoneNumber>,
        /// The calling code, without a plus.
        "countryCode" => country_code: Option<CountryCode>,
        /// When and where the user agreed.
        "watermark" => watermark: Option<Box<Watermark>>,
    }
}

fields! {
    /// WeChat's note of when and where the user agreed.
    Watermark {
        /// When the user tapped, in Unix seconds.
        "timestamp" => timestamp: Option<i64>,
        /// The mini program's id.
        "appid" => appid: Option<UntrustedText>,
    }
}

/// A phone number as it stands, or one level down in `phone_info`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PhoneData {
    /// The documented place.
    pub flat: PhoneInfo,
    /// WeChat's own place.
    pub phone_info: Option<Box<PhoneInfo>>,
}

impl Fields for PhoneData {
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key == "phone_info" {
            self.phone_info = tolerant(map)?;
            return Ok(true);
        }
        self.flat.take(key, map)
    }
}

impl<'de, D: Fields> Deserialize<'de> for Reply<D> {
    fn deserialize<T: Deserializer<'de>>(deserializer: T) -> Result<Self, T::Error> {
        deserializer.deserialize_map(ReplyVisitor(PhantomData))
    }
}

struct ReplyVisitor<D>(PhantomData<D>);

impl<'de, D: Fields> Visitor<'de> for ReplyVisitor<D> {
    type Value = Reply<D>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Reply<D>, A::Error> {
        let mut status_code = None;
        let mut reply = Reply {
            status_code: 0,
            envelope: Envelope::default(),
            wechat: WechatVerdict::default(),
            data: D::default(),
            beside: None,
        };
        let mut verdict_beside = WechatVerdict::default();
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "statusCode" => status_code = tolerant(&mut map)?,
                "data" => (reply.data, reply.wechat) = tolerant(&mut map)?,
                key => {
                    let taken = reply.envelope.take(key, &mut map)?
                        || verdict_beside.take(key, &mut map)?
                        || Fields::take(&mut reply.beside, key, &mut map)?;
                    if !taken {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
        }
        if verdict_beside.refuses() && !reply.wechat.refuses() {
            reply.wechat = verdict_beside;
        }
        reply.status_code =
            status_code.ok_or_else(|| A::Error::custom("no whole-number statusCode"))?;
        Ok(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Reply<PhoneData>, serde_json::Error> {
        Reply::from_slice(body.as_bytes())
    }

    #[test]
    fn the_envelope_survives_any_data() {
        for data in [
            "null",
            "true",
            "1",
            "-1",
            "1.5",
            "\"x\"",
            "[]",
            "[{\"errcode\":1}]",
            "{}",
            "{\"phone_info\":[1]}",
        ] {
            let reply = read(&format!(
                r#"{{"data":{data},"requestId":"r","statusCode":200.0}}"#
            ))
            .unwrap_or_else(|error| panic!("{data}: {error}"));
            assert_eq!(reply.status_code, 200);
            assert_eq!(reply.envelope.request_id, Some("r".into()));
            assert_eq!(reply.data, PhoneData::default(), "{data}");
        }
    }

    #[test]
    fn odd_fields_are_absent_and_cost_nothing_else() {
        let reply = read(
            r#"{"statusCode":200,"message":5,"apiCode":"x","requestId":[1,{"a":2}],"extra":{"b":[]},
               "errmsg":{"a":{"b":1}},
               "data":{"errcode":0,"phone_info":{"phoneNumber":{"a":1},"purePhoneNumber":"1",
               "countryCode":86,"watermark":"x"}}}"#,
        )
        .unwrap();
        assert_eq!(reply.envelope, Envelope::default());
        let phone = reply.data.phone_info.unwrap();
        assert_eq!(phone.phone_number, None);
        assert_eq!(phone.pure_phone_number, Some("1".into()));
        assert_eq!(
            phone.country_code.as_ref().map(CountryCode::as_str),
            Some("86")
        );
        assert_eq!(phone.watermark, None);
    }

    /// serde_json reads what it keeps to a depth of 128, and passes over any depth.
    #[test]
    fn a_depth_that_nobody_reads_costs_its_own_field_alone() {
        let deep = "[".repeat(4000) + &"]".repeat(4000);
        for field in ["message", "requestId", "errmsg", "unknown", "phone_info"] {
            let reply = read(&format!(
                r#"{{"{field}":{deep},"statusCode":200,"data":{{"{field}":{deep},"errcode":1}}}}"#
            ));
            let reply = reply.unwrap_or_else(|error| panic!("{field}: {error}"));
            assert_eq!((reply.status_code, reply.wechat.errcode), (200, Some(1)));
        }
    }

    #[test]
    fn of_a_repeated_field_the_last_counts() {
        let reply =
            read(r#"{"statusCode":500,"st\u0061tusCode":200,"requestId":"a","requestId":"b"}"#);
        let reply = reply.unwrap();
        assert_eq!(
            (reply.status_code, reply.envelope.request_id),
            (200, Some("b".into()))
        );
    }

    #[test]
    fn only_one_complete_object_with_a_whole_status_code_is_an_answer() {
        for body in [
            "",
            "null",
            "[]",
            "\"ok\"",
            "200",
            "{}",
            r#"{"statusCode":"200"}"#,
            r#"{"statusCode":null}"#,
            r#"{"statusCode":200.5}"#,
            r#"{"statusCode":200"#,
            r#"{"statusCode":200}{}"#,
            r#"{"statusCode":200,"statusCode":"x"}"#,
            "\u{feff}{\"statusCode\":200}",
        ] {
            assert!(read(body).is_err(), "{body}");
        }
        assert!(read(" {\"statusCode\":200}\n").is_ok());
    }

    #[test]
    fn a_refusal_is_found_wherever_it_stands() {
        for (body, errcode) in [
            (
                r#"{"statusCode":200,"data":{"errcode":40029}}"#,
                Some(40029),
            ),
            (r#"{"statusCode":200,"errcode":40029}"#, Some(40029)),
            (
                r#"{"statusCode":200,"errcode":40029,"data":{"errcode":0}}"#,
                Some(40029),
            ),
            (
                r#"{"statusCode":200,"errcode":1,"data":{"errcode":2}}"#,
                Some(2),
            ),
            (
                r#"{"statusCode":200,"errcode":0,"data":{"errcode":0}}"#,
                Some(0),
            ),
            (
                r#"{"statusCode":200,"data":{"errcode":40163.0,"phone_info":null}}"#,
                Some(40163),
            ),
            (r#"{"statusCode":200}"#, None),
        ] {
            assert_eq!(read(body).unwrap().wechat.errcode, errcode, "{body}");
        }
    }

    /// Turns red if a field becomes a plain string: any text of the service may repeat what was
    /// sent to it, its ids included.
    #[test]
    fn debug_shows_neither_a_phone_number_nor_the_service_s_words() {
        const CANARY: &str = "13800138000";
        let reply = read(&format!(
            r#"{{"statusCode":200,"message":"{CANARY}","errmsg":"{CANARY}","requestId":"{CANARY}",
            "data":{{"phoneNumber":"{CANARY}","purePhoneNumber":"{CANARY}","countryCode":"{CANARY}",
            "errmsg":"{CANARY}","watermark":{{"appid":"{CANARY}"}}}}}}"#
        ))
        .unwrap();
        let printed = format!("{reply:?}");
        assert!(!printed.contains(CANARY), "{printed}");
        assert_eq!(reply.data.flat.phone_number, Some(CANARY.into()));
    }
}
