//! The shared list of server replies, each with what one call without retries must make of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::judge::Reply;

/// How many replies the list holds: a lost one must be noticed.
pub const REPLY_COUNT: usize = 80;

/// One reply and what is expected of a client that gets it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name, unique in the list.
    pub name: String,
    /// The HTTP status.
    pub http_status: u16,
    /// The headers.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
    /// What the call must yield.
    pub expect: Expectation,
    /// Why the reply is in the list, where that is not plain.
    pub note: Option<String>,
}

/// What a call must yield.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// A phone number.
    Ok(ExpectedPhone),
    /// An error.
    Err(Box<ExpectedError>),
}

/// The phone number a call must yield.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedPhone {
    /// `phoneNumber`.
    pub phone_number: String,
    /// `purePhoneNumber`.
    pub pure_phone_number: String,
    /// `countryCode`.
    pub country_code: String,
    /// `requestId`; not judged if absent.
    pub request_id: Option<String>,
    /// `watermark`; not judged if absent.
    pub watermark: Option<ExpectedWatermark>,
}

/// The watermark a call must hand on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedWatermark {
    /// Unix seconds of the user's tap.
    pub timestamp: i64,
    /// The mini program.
    pub appid: String,
}

/// The error a call must yield; what is absent is not judged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedError {
    /// The kind of error, in snake case.
    pub kind: String,
    /// The code state, in snake case.
    pub code_state: String,
    /// The HTTP status.
    pub http_status: Option<u16>,
    /// The envelope's `statusCode`.
    #[serde(rename = "statusCode")]
    pub status_code: Option<i32>,
    /// The envelope's `apiCode`.
    #[serde(rename = "apiCode")]
    pub api_code: Option<i64>,
    /// The envelope's `message`.
    pub message: Option<String>,
    /// The envelope's `requestId`.
    #[serde(rename = "requestId")]
    pub request_id: Option<String>,
    /// WeChat's `errcode`.
    pub errcode: Option<i64>,
    /// WeChat's `rid`.
    pub rid: Option<String>,
    /// `Retry-After` in seconds.
    pub retry_after_s: Option<u64>,
}

#[derive(Deserialize)]
struct List {
    replies: Vec<Scenario>,
}

impl Scenario {
    /// The reply as the judge sends it.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let reply = Reply::new(self.http_status).body(self.body.clone());
        self.headers
            .iter()
            .fold(reply, |reply, (name, value)| reply.header(name, value))
    }
}

/// The whole list.
///
/// # Panics
///
/// If it cannot be read, or does not hold exactly [`REPLY_COUNT`] replies of different names.
#[must_use]
pub fn replies() -> Vec<Scenario> {
    read(include_str!("../data/replies.json")).unwrap_or_else(|why| panic!("replies.json: {why}"))
}

fn read(text: &str) -> Result<Vec<Scenario>, String> {
    let list: List = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let count = list.replies.len();
    if count != REPLY_COUNT {
        return Err(format!(
            "{count} replies where REPLY_COUNT says {REPLY_COUNT}: if that is meant, change both"
        ));
    }
    let mut names: Vec<&str> = list.replies.iter().map(|each| each.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two replies are named {}", twice[0]));
    }
    Ok(list.replies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_whole() {
        let all = replies();
        assert_eq!(all.len(), REPLY_COUNT);
        let retry = all
            .iter()
            .find(|each| each.name == "throttled_retry_after")
            .unwrap();
        let bytes = String::from_utf8(retry.reply().to_bytes()).unwrap();
        assert!(
            bytes.starts_with("HTTP/1.1 429 Too Many Requests\r\ncontent-type: "),
            "{bytes}"
        );
        assert!(bytes.contains("\r\nretry-after: 7\r\n") && bytes.ends_with(&retry.body));
        let Expectation::Err(error) = &retry.expect else {
            panic!("{retry:?}")
        };
        assert_eq!(
            (error.kind.as_str(), error.retry_after_s),
            ("throttled", Some(7))
        );
    }

    #[test]
    fn a_lost_or_misspelt_reply_is_noticed() {
        let whole = include_str!("../data/replies.json");
        let mut list: serde_json::Value = serde_json::from_str(whole).unwrap();
        list["replies"].as_array_mut().unwrap().pop();
        let why = read(&list.to_string()).unwrap_err();
        assert!(
            why.starts_with("79 replies where REPLY_COUNT says 80"),
            "{why}"
        );
        let misspelt = whole.replacen("\"code_state\"", "\"codestate\"", 1);
        assert!(read(&misspelt).unwrap_err().contains("codestate"));
    }
}
