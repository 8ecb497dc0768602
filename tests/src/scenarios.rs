//! The recorded responses of `data/replies.json`, each with the result that one call must have.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One response and the expected result of a call without retries.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The unique name.
    pub name: String,
    /// The HTTP status.
    pub http_status: u16,
    /// The headers.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
    /// The expected result: `{"ok": {…}}` or `{"err": {…}}`. Fields that are absent may have any value.
    pub expect: Value,
    /// Why the response is in the list.
    pub note: Option<String>,
}

/// Returns the whole list.
pub fn scenarios() -> Vec<Scenario> {
    #[derive(Deserialize)]
    struct List {
        replies: Vec<Scenario>,
    }
    let text = include_str!("../data/replies.json");
    let list: List = serde_json::from_str(text).expect("a list of responses");
    assert_eq!(list.replies.len(), 100, "responses in data/replies.json");
    list.replies
}
