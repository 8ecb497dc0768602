//! The configuration file: TOML, with the names of the HTTP API.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use authing_sandbox::{
    Application, DEFAULT_APP_ID, DEFAULT_CONNECTION, DEFAULT_USERPOOL_ID, Fault, FaultSpec,
    FaultSpecError, Shape, UnknownShape,
};
use serde::{Deserialize, Serialize};

/// What a configuration file may hold. The admin token is not among it: the file is meant to be
/// checked in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) host: Option<IpAddr>,
    pub(crate) port: Option<u16>,
    pub(crate) allow_remote: Option<bool>,
    pub(crate) backend: Option<String>,
    pub(crate) shape: Option<ShapeName>,
    pub(crate) latency_millis: Option<u32>,
    /// 0 for no limit.
    pub(crate) rate_limit: Option<u32>,
    pub(crate) retry_after: Option<bool>,
    #[serde(default)]
    pub(crate) applications: Vec<App>,
    #[serde(default)]
    pub(crate) codes: Vec<Code>,
    #[serde(default)]
    pub(crate) faults: Vec<ScriptedFault>,
}

/// An application; the first in the file is the default one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct App {
    pub(crate) app_id: String,
    #[serde(default = "default_userpool_id")]
    pub(crate) userpool_id: String,
    #[serde(default = "default_connections")]
    pub(crate) connections: Vec<String>,
}

fn default_userpool_id() -> String {
    DEFAULT_USERPOOL_ID.to_owned()
}

fn default_connections() -> Vec<String> {
    vec![DEFAULT_CONNECTION.to_owned()]
}

impl Default for App {
    fn default() -> Self {
        Self {
            app_id: DEFAULT_APP_ID.to_owned(),
            userpool_id: default_userpool_id(),
            connections: default_connections(),
        }
    }
}

impl App {
    pub(crate) fn application(&self) -> Application {
        let application = Application::new(&self.app_id).userpool_id(&self.userpool_id);
        self.connections
            .iter()
            .fold(application, |made, connection| made.connection(connection))
    }
}

/// A code that is issued at the start, as `POST /sandbox/codes` would.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Code {
    pub(crate) phone_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<String>,
    /// The text of the code itself; drawn at random if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
}

/// A shape, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ShapeName(pub(crate) Shape);

impl TryFrom<String> for ShapeName {
    type Error = UnknownShape;

    fn try_from(name: String) -> Result<Self, UnknownShape> {
        name.parse().map(Self)
    }
}

impl From<ShapeName> for String {
    fn from(name: ShapeName) -> Self {
        name.0.to_string()
    }
}

/// A fault, which has been found to make sense.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "FaultSpec", into = "FaultSpec")]
pub(crate) struct ScriptedFault {
    spec: FaultSpec,
    pub(crate) fault: Fault,
}

impl TryFrom<FaultSpec> for ScriptedFault {
    type Error = FaultSpecError;

    fn try_from(spec: FaultSpec) -> Result<Self, FaultSpecError> {
        let fault = Fault::try_from(spec.clone())?;
        Ok(Self { spec, fault })
    }
}

impl From<ScriptedFault> for FaultSpec {
    fn from(scripted: ScriptedFault) -> Self {
        scripted.spec
    }
}

/// Reads a file; an error names the file, the line and the key.
pub(crate) fn read(path: &Path) -> io::Result<File> {
    let text = fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    toml::from_str(&text).map_err(|error| {
        let text = format!("{}: {error}", path.display());
        io::Error::new(io::ErrorKind::InvalidData, text.trim_end().to_owned())
    })
}
