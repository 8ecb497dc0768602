//! The state of one call: its URL, headers and limits, and the head of the response.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use reqwest::Url;
use reqwest::header::HeaderMap;

/// The base URL of the service, with which the URLs of the operations begin.
///
/// Clones are cheap and share the URLs, so that each is parsed only once.
#[derive(Clone, Debug)]
pub struct BaseUrl {
    url: Arc<Url>,
    operations: Arc<Mutex<BTreeMap<&'static str, Url>>>,
}

impl From<Url> for BaseUrl {
    fn from(url: Url) -> Self {
        Self {
            url: Arc::new(url),
            operations: Arc::default(),
        }
    }
}

impl BaseUrl {
    /// Returns the base URL.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Appends the path of an operation.
    pub(crate) fn join(&self, path: fmt::Arguments<'_>) -> Url {
        let append = |path: &str| {
            let mut url = Url::clone(&self.url);
            url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
            url
        };
        // Only a path without parameters has the same URL in every call.
        let Some(path) = path.as_str() else {
            return append(&path.to_string());
        };
        let operations = self.operations.lock();
        let mut operations = operations.unwrap_or_else(PoisonError::into_inner);
        let url = operations.entry(path).or_insert_with(|| append(path));
        url.clone()
    }
}

/// The state of one call, held by a [`Client`](crate::Client).
///
/// A client is made for one call and is cheap, because its `reqwest::Client` is shared. So no call
/// sees the headers or the response of another.
#[derive(Clone)]
pub struct CallContext {
    pub(crate) base: BaseUrl,
    pub(crate) request_headers: HeaderMap,
    pub(crate) max_response_bytes: usize,
    pub(crate) head: OnceLock<(u16, HeaderMap)>,
    pub(crate) explicit_rejection: OnceLock<()>,
}

impl CallContext {
    /// Makes a context from the base address, the headers of the call, and the largest body to
    /// accept in bytes.
    ///
    /// Headers that every call sends belong to the `reqwest::Client`.
    pub fn new(base: BaseUrl, headers: HeaderMap, max_response_bytes: usize) -> Self {
        Self {
            base,
            request_headers: headers,
            max_response_bytes,
            head: OnceLock::new(),
            explicit_rejection: OnceLock::new(),
        }
    }

    /// Returns the HTTP status of the response, once there is one.
    pub fn http_status(&self) -> Option<u16> {
        self.head.get().map(|(http_status, _)| *http_status)
    }

    /// Returns the headers of the response, once there is one.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.head.get().map(|(_, headers)| headers)
    }

    /// Returns whether the complete response proves that the request was rejected before
    /// processing.
    pub fn explicit_rejection(&self) -> bool {
        self.explicit_rejection.get().is_some()
    }
}

/// Shows no headers, because they may hold private values.
impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("base", &self.base.url)
            .field("http_status", &self.http_status())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_appended_to_base() {
        for base in ["http://localhost/stem", "http://localhost/stem/"] {
            let base = BaseUrl::from(Url::parse(base).unwrap());
            for _ in 0..2 {
                assert_eq!(base.join(format_args!("/a/b")).path(), "/stem/a/b");
                assert_eq!(base.join(format_args!("/c")).path(), "/stem/c");
            }
        }
    }

    #[test]
    fn debug_hides_headers() {
        let base = Url::parse("http://localhost").unwrap().into();
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", "session=secret".parse().unwrap());
        let context = CallContext::new(base, headers.clone(), 1);
        context.head.set((200, headers)).unwrap();
        let printed = format!("{context:?}");
        assert!(printed.contains("http_status: Some(200)"), "{printed}");
        assert!(!printed.contains("secret"), "{printed}");
    }
}
