//! The trait of an operation; all other code is shared by all operations.

use authing_api::Client;
use authing_api::envelope::Envelope;

use crate::validate::Problem;

/// The result of a generated method.
pub(crate) type Sent<R> = Result<R, progenitor_client::Error>;

/// An operation: its input, and how its response is read.
pub(crate) trait Operation: Send + Sync + 'static {
    const PATH: &'static str;
    /// Whether the operation exchanges a single-use code.
    const HAS_CODE: bool;
    type Response: Envelope + Send + Sync + 'static;
    type Output: 'static;

    /// Checks the input.
    fn check(&self) -> Result<(), Problem>;

    /// A likely mistake of the caller, which is reported only if the call fails.
    fn hint(&self) -> Option<&'static str>;

    /// Calls the generated method.
    fn send<'a>(&'a self, api: &'a Client) -> impl Future<Output = Sent<Self::Response>> + Send;

    /// Takes the result from a successful response, or nothing if a required part is missing.
    fn map(response: &mut Self::Response) -> Option<Self::Output>;
}
