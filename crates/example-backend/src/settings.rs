//! What the environment says.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::HeaderName;

/// The time for one exchange, its retries included: somebody is looking at a spinner.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(8);
/// The time for a whole request, the arrival of its body included. Longer than an exchange takes
/// at most, so that the exchange gets to say how it ended.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(12);
/// The time that requests under way have when the program is asked to stop. Orchestrators commonly
/// kill after 30 seconds.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// What the environment says, apart from the client's own variables.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `LISTEN`: the address and port to listen on; `127.0.0.1:8080` unless set.
    pub listen: SocketAddr,
    /// `AUTHING_EXT_IDP_CONNIDENTIFIER`: the connection of the mini program; must be set.
    pub connection: String,
    /// `REQUESTS_PER_MINUTE` of one client; 60 unless set.
    pub requests_per_minute: NonZeroU32,
    /// `CLIENT_ADDRESS_HEADER`: where your own gateway writes the client's address, such as
    /// `x-real-ip`. Set it only if no request can get round that gateway.
    pub client_address_header: Option<HeaderName>,
}

impl Settings {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// A sentence that names the variable that is absent or wrong.
    pub fn from_env() -> Result<Self, String> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads from anything that knows variables by name; an empty one counts as absent.
    ///
    /// # Errors
    ///
    /// A sentence that names the variable that is absent or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let connection = variable("AUTHING_EXT_IDP_CONNIDENTIFIER")
            .filter(|value| value.len() <= 512 && value.bytes().all(|b| b.is_ascii_graphic()))
            .ok_or("AUTHING_EXT_IDP_CONNIDENTIFIER is missing, or not the console's identifier")?;
        Ok(Self {
            listen: variable("LISTEN")
                .unwrap_or_else(|| "127.0.0.1:8080".to_owned())
                .parse()
                .map_err(|_| "LISTEN is not an address and port such as 127.0.0.1:8080")?,
            connection,
            requests_per_minute: variable("REQUESTS_PER_MINUTE")
                .unwrap_or_else(|| "60".to_owned())
                .parse()
                .map_err(|_| "REQUESTS_PER_MINUTE is not a number from 1 up")?,
            client_address_header: variable("CLIENT_ADDRESS_HEADER")
                .map(|name| name.parse())
                .transpose()
                .map_err(|_| "CLIENT_ADDRESS_HEADER is not a header's name such as x-real-ip")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const CONNECTION: (&str, &str) = ("AUTHING_EXT_IDP_CONNIDENTIFIER", "my-wxapp");

    #[test]
    fn the_connection_alone_is_needed() {
        let settings = read(&[CONNECTION, ("LISTEN", "")]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.connection, "my-wxapp");
        assert_eq!(settings.requests_per_minute.get(), 60);
        assert_eq!(settings.client_address_header, None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for variables in [
            &[("AUTHING_EXT_IDP_CONNIDENTIFIER", "my wxapp")][..],
            &[CONNECTION, ("LISTEN", "localhost")],
            &[CONNECTION, ("REQUESTS_PER_MINUTE", "0")],
            &[CONNECTION, ("CLIENT_ADDRESS_HEADER", "x real ip")],
        ] {
            let (name, value) = variables[variables.len() - 1];
            let error = read(variables).unwrap_err();
            assert!(error.starts_with(name) && !error.contains(value), "{error}");
        }
    }
}
