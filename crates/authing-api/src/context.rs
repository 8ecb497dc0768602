//! The state of one call: its URL, headers and limits, and the head of the response.

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
    operations: Arc<Mutex<Vec<(&'static str, Url)>>>,
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

    /// The URL of an operation without parameters in its path.
    fn operation(&self, path: &'static str) -> Url {
        let operations = self.operations.lock();
        let mut operations = operations.unwrap_or_else(PoisonError::into_inner);
        if let Some((_, url)) = operations.iter().find(|(known, _)| *known == path) {
            return url.clone();
        }
        let url = self.append(path);
        operations.push((path, url.clone()));
        url
    }

    fn append(&self, path: &str) -> Url {
        let mut url = Url::clone(&self.url);
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url
    }
}

/// The state of one call, held by a [`Client`](crate::Client).
///
/// A client is made for one call and is cheap, because its `reqwest::Client` is shared. So no call
/// sees the headers or the response of another.
#[derive(Clone, Debug)]
pub struct CallContext {
    base: BaseUrl,
    pub(crate) headers: HeaderMap,
    pub(crate) max_response_bytes: usize,
    pub(crate) head: OnceLock<ResponseHead>,
    pub(crate) explicit_rejection: OnceLock<bool>,
}

/// The status and the headers of a response.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResponseHead {
    /// The HTTP status.
    pub http_status: u16,
    /// The headers.
    pub headers: HeaderMap,
}

impl ResponseHead {
    /// Makes a head.
    pub fn new(http_status: u16, headers: HeaderMap) -> Self {
        Self {
            http_status,
            headers,
        }
    }
}

/// Shows the status only, because headers may hold private values.
impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead")
            .field("http_status", &self.http_status)
            .finish_non_exhaustive()
    }
}

impl CallContext {
    /// Makes a context from the base address, the headers of the call, and the largest body to
    /// accept in bytes.
    ///
    /// Mark headers that hold a secret as sensitive, so that `Debug` hides them. Headers that every
    /// call sends belong to the `reqwest::Client`.
    pub fn new(base: BaseUrl, headers: HeaderMap, max_response_bytes: usize) -> Self {
        Self {
            base,
            headers,
            max_response_bytes,
            head: OnceLock::new(),
            explicit_rejection: OnceLock::new(),
        }
    }

    /// Returns the head of the response, once there is one.
    pub fn head(&self) -> Option<&ResponseHead> {
        self.head.get()
    }

    /// Returns whether the complete response proves that the request was rejected before
    /// processing.
    pub fn explicit_rejection(&self) -> bool {
        self.explicit_rejection.get().copied().unwrap_or_default()
    }

    pub(crate) fn base(&self) -> &Url {
        self.base.url()
    }

    /// Appends the path of an operation to the base address.
    pub(crate) fn url(&self, path: fmt::Arguments<'_>) -> Url {
        match path.as_str() {
            Some(path) => self.base.operation(path),
            None => self.base.append(&path.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderValue, SET_COOKIE};

    use super::*;

    #[test]
    fn debug_hides_response_headers() {
        let cookie = (SET_COOKIE, HeaderValue::from_static("session=secret"));
        let head = ResponseHead::new(200, [cookie].into_iter().collect());
        let printed = format!("{head:?} {head:#?}");
        assert!(printed.contains("http_status: 200"), "{printed}");
        assert!(!printed.contains("secret"), "{printed}");
    }

    #[test]
    fn path_is_appended_to_base() {
        for base in ["http://localhost/stem", "http://localhost/stem/"] {
            let base = BaseUrl::from(Url::parse(base).unwrap());
            let context = CallContext::new(base, HeaderMap::new(), 1);
            for _ in 0..2 {
                assert_eq!(context.url(format_args!("/a/b")).path(), "/stem/a/b");
                assert_eq!(context.url(format_args!("/c")).path(), "/stem/c");
            }
        }
    }
}
