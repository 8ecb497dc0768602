//! What a sandbox knows before the first request: applications, their user pools and connections.

use std::io;

use crate::random::mini_program_id;

/// The application id of a sandbox that was not told another.
pub const DEFAULT_APP_ID: &str = "sandbox-app";
/// The user pool id of a sandbox that was not told another.
pub const DEFAULT_USERPOOL_ID: &str = "sandbox-userpool";
/// The connection identifier of a sandbox that was not told another: the vendor's sample
/// (documented).
pub const DEFAULT_CONNECTION: &str = "my-wxapp";
/// The requests that one user pool may make in a second on the vendor's free plan (documented).
pub const FREE_PLAN_RATE_LIMIT: u32 = 300;

/// The longest id that the sandbox accepts in its configuration, in bytes.
const MAX_ID: usize = 128;

/// An application as Authing knows it: an id, the user pool it belongs to, and the identifiers of
/// its "WeChat mini program" connections.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Application {
    /// What requests send as `x-authing-app-id`.
    pub app_id: String,
    /// What requests may send as `x-authing-userpool-id` instead.
    pub userpool_id: String,
    /// What requests may send as `extIdpConnidentifier`; the first is the default.
    pub connections: Vec<String>,
}

impl Application {
    /// An application in the user pool [`DEFAULT_USERPOOL_ID`], as yet without connections.
    pub fn new(app_id: impl Into<String>) -> Self {
        Self {
            app_id: app_id.into(),
            userpool_id: DEFAULT_USERPOOL_ID.to_owned(),
            connections: Vec::new(),
        }
    }

    /// Puts the application into another user pool.
    #[must_use]
    pub fn userpool_id(mut self, userpool_id: impl Into<String>) -> Self {
        self.userpool_id = userpool_id.into();
        self
    }

    /// Adds a connection; may be called again for more.
    #[must_use]
    pub fn connection(mut self, identifier: impl Into<String>) -> Self {
        self.connections.push(identifier.into());
        self
    }
}

/// The applications of one sandbox; the first of them is the default.
#[derive(Clone, Debug)]
pub(crate) struct Applications(Vec<Application>);

impl Applications {
    /// Refuses what no request could ever name.
    pub(crate) fn new(applications: Vec<Application>) -> io::Result<Self> {
        for (index, application) in applications.iter().enumerate() {
            check_id("an application id", &application.app_id)?;
            check_id("a user pool id", &application.userpool_id)?;
            if application.connections.is_empty() {
                return Err(invalid(
                    "an application needs at least one connection".to_owned(),
                ));
            }
            for (place, connection) in application.connections.iter().enumerate() {
                check_id("a connection identifier", connection)?;
                if application.connections[..place].contains(connection) {
                    return Err(invalid(
                        "a connection is named twice in one application".into(),
                    ));
                }
            }
            if applications[..index]
                .iter()
                .any(|other| other.app_id == application.app_id)
            {
                return Err(invalid("two applications have the same id".to_owned()));
            }
        }
        if applications.is_empty() {
            return Err(invalid(
                "a sandbox needs at least one application".to_owned(),
            ));
        }
        Ok(Self(applications))
    }

    pub(crate) fn all(&self) -> &[Application] {
        &self.0
    }

    pub(crate) fn find(&self, app_id: &str) -> Option<&Application> {
        self.0
            .iter()
            .find(|application| application.app_id == app_id)
    }

    pub(crate) fn in_pool<'a>(&'a self, pool: &'a str) -> impl Iterator<Item = &'a Application> {
        self.0
            .iter()
            .filter(move |application| application.userpool_id == pool)
    }
}

impl Default for Applications {
    /// The one application of a sandbox that was not told another.
    fn default() -> Self {
        Self(vec![
            Application::new(DEFAULT_APP_ID).connection(DEFAULT_CONNECTION),
        ])
    }
}

/// One mini program: the connection of one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) app_id: String,
    pub(crate) connection: String,
}

impl Target {
    /// The id that stands in `watermark.appid`.
    pub(crate) fn mini_program_id(&self) -> String {
        mini_program_id(&self.app_id, &self.connection)
    }
}

fn check_id(what: &str, id: &str) -> io::Result<()> {
    // A header carries it: what a header cannot carry could never be matched.
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid(format!(
            "{what} must be 1 to {MAX_ID} visible ASCII characters"
        )));
    }
    Ok(())
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_request_could_name_is_refused() {
        let app = || Application::new("app").connection("conn");
        assert!(Applications::new(vec![app(), Application::new("b").connection("conn")]).is_ok());
        for (applications, word) in [
            (vec![], "at least one application"),
            (vec![Application::new("app")], "at least one connection"),
            (vec![app(), app()], "same id"),
            (vec![app().connection("conn")], "named twice"),
            (
                vec![Application::new("").connection("conn")],
                "application id",
            ),
            (vec![app().userpool_id("a b")], "user pool id"),
            (
                vec![app().connection("x".repeat(129))],
                "connection identifier",
            ),
        ] {
            let error = Applications::new(applications).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
