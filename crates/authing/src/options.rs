//! The options of one call, and their headers.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::kind::ErrorKind;
use crate::validate::{self, Problem};

const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// The options that the caller has set.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) access_token: Option<String>,
    pub(crate) lang: Option<String>,
    pub(crate) real_ip: Option<IpAddr>,
    pub(crate) timeout: Option<Duration>,
}

impl Options {
    /// Checks and returns the deadline of a call that starts now.
    pub(crate) fn deadline(&self, default: Duration) -> Result<Instant> {
        let timeout = self.timeout.unwrap_or(default);
        validate::timeout(timeout).map_err(argument("timeout"))?;
        Ok(Instant::now() + timeout)
    }

    /// Checks and returns the headers of this call.
    pub(crate) fn headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        if let Some(token) = &self.access_token {
            let value = validate::bearer(token).map_err(argument("access_token"))?;
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(lang) = &self.lang {
            let value = validate::language(lang).map_err(argument("lang"))?;
            headers.insert(validate::LANG, value);
        }
        if let Some(address) = self.real_ip {
            let value = validate::header(&address.to_string()).map_err(argument("real_ip"))?;
            headers.insert(REAL_IP, value);
        }
        Ok(headers)
    }
}

pub(crate) fn invalid(problem: Problem) -> Error {
    Error::input(ErrorKind::InvalidArgument, problem)
}

fn argument(name: &'static str) -> impl Fn(Problem) -> Error {
    move |problem| invalid(format!("{name} {problem}"))
}
