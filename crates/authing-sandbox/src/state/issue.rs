//! Issuing codes: for whom, and why not.

use std::fmt;

use super::State;
use crate::config::Target;
use crate::ledger::Entry;
use crate::phone::{Phone, PhoneNumberError};

/// Why no code was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssueError {
    /// What was given is not a phone number.
    PhoneNumber(PhoneNumberError),
    /// The sandbox has no application of that id.
    UnknownApp,
    /// The application has no connection of that identifier.
    UnknownConnection,
    /// A code that was asked for by its own text is not 1 to 128 visible ASCII characters.
    Code,
    /// A code that was asked for by its own text has been issued before.
    CodeTaken,
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PhoneNumber(error) => error.fmt(f),
            Self::UnknownApp => f.write_str("the sandbox has no application of that id"),
            Self::UnknownConnection => f.write_str("the application has no such connection"),
            Self::Code => f.write_str("a code has 1 to 128 visible ASCII characters"),
            Self::CodeTaken => f.write_str("this code has been issued before"),
        }
    }
}

// The text of a phone number error is the whole text, so it is not repeated as a source.
impl std::error::Error for IssueError {}

/// What a code shall be; whatever is absent is the default, or drawn at random.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Order<'a> {
    /// Absent for a `wx.login` code.
    pub(crate) phone_number: Option<&'a str>,
    pub(crate) app_id: Option<&'a str>,
    pub(crate) connection: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
}

impl State {
    /// Issues a code as a user's tap on the phone number button would: 64 lower-case hex
    /// characters, drawn at random, for the default application and its first connection.
    ///
    /// `phone_number` is `+<calling code><number>` or a bare 11-digit mainland number.
    ///
    /// # Errors
    ///
    /// [`IssueError::PhoneNumber`] if it is neither; nothing is issued then.
    pub fn issue_code(&self, phone_number: &str) -> Result<String, IssueError> {
        let order = Order {
            phone_number: Some(phone_number),
            ..Order::default()
        };
        self.issue(order).map(|entry| entry.code)
    }

    /// Issues a code like [`State::issue_code`], in the mini program of this application and
    /// connection.
    ///
    /// # Errors
    ///
    /// [`IssueError`] if the number, the application or the connection is not one.
    pub fn issue_code_for(
        &self,
        phone_number: &str,
        app_id: &str,
        connection: &str,
    ) -> Result<String, IssueError> {
        let order = Order {
            phone_number: Some(phone_number),
            app_id: Some(app_id),
            connection: Some(connection),
            code: None,
        };
        self.issue(order).map(|entry| entry.code)
    }

    /// Issues a code like [`State::issue_code`]; the application, its connection and the text of
    /// the code are the defaults, or drawn at random, where they are `None`.
    ///
    /// # Errors
    ///
    /// [`IssueError`] if any of them cannot be had.
    pub fn issue_as_ordered(
        &self,
        phone_number: &str,
        app_id: Option<&str>,
        connection: Option<&str>,
        code: Option<&str>,
    ) -> Result<String, IssueError> {
        let order = Order {
            phone_number: Some(phone_number),
            app_id,
            connection,
            code,
        };
        self.issue(order).map(|entry| entry.code)
    }

    /// Issues a code as `wx.login` would: 32 mixed-case letters and digits, which the exchange
    /// refuses with WeChat's 40029. It belongs to the default application's first connection.
    ///
    /// # Errors
    ///
    /// None at present; the type leaves room.
    pub fn issue_login_code(&self) -> Result<String, IssueError> {
        self.issue(Order::default()).map(|entry| entry.code)
    }

    pub(crate) fn issue(&self, order: Order<'_>) -> Result<Entry, IssueError> {
        let phone = order
            .phone_number
            .map(Phone::parse)
            .transpose()
            .map_err(IssueError::PhoneNumber)?;
        if let Some(code) = order.code
            && (code.is_empty()
                || code.len() > 128
                || !code.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(IssueError::Code);
        }
        let target = self.target(order.app_id, order.connection)?;
        let now = self.now();
        self.change(|core| {
            if let Some(code) = order.code
                && core.ledger.entry(code, now).is_some()
            {
                return Err(IssueError::CodeTaken);
            }
            let code = core.ledger.issue(order.code, phone, target, now);
            // It was issued under this very lock.
            core.ledger.entry(&code, now).ok_or(IssueError::UnknownApp)
        })
    }

    /// Finds the connection that is meant; the first one where none is named.
    pub(crate) fn target(
        &self,
        app_id: Option<&str>,
        connection: Option<&str>,
    ) -> Result<Target, IssueError> {
        let applications = &self.inner.applications;
        let application = match app_id {
            Some(app_id) => applications.find(app_id),
            None => applications.all().first(),
        }
        .ok_or(IssueError::UnknownApp)?;
        let connection = match connection {
            Some(wanted) => application
                .connections
                .iter()
                .find(|connection| *connection == wanted),
            None => application.connections.first(),
        }
        .ok_or(IssueError::UnknownConnection)?;
        Ok(Target {
            app_id: application.app_id.clone(),
            connection: connection.clone(),
        })
    }
}
