//! What an operation of the service brings along; everything else is the same for all of them.

use authing_api::Client;
use authing_api::reply::{Fields, Reply};
use progenitor_client::ResponseValue;

use crate::validate::Refusal;

/// What the generated method of an operation returns.
pub(crate) type Sent<D> = Result<ResponseValue<Reply<D>>, progenitor_client::Error<Reply>>;

/// An operation: its input, checked and sent, and its output, read.
///
/// Public in name only, so that [`Request`](crate::Request) can be generic over it; nobody outside
/// this crate can name or implement it.
pub trait Operation: Send + Sync + 'static {
    /// The path, as the document has it.
    const PATH: &'static str;
    /// The operation's fields of an answer.
    type Data: Fields + Send;
    /// What a caller gets.
    type Output: Send + 'static;

    /// Checks the input; the refusal names the argument and never its value.
    fn check(&self) -> Result<(), Refusal>;

    /// What the caller may have got wrong although the input passed the check.
    fn hint(&self) -> Option<&'static str>;

    /// Calls the generated method.
    fn send(&self, api: &Client) -> impl Future<Output = Sent<Self::Data>> + Send;

    /// Reads a success; hands the reply back if it lacks what a success must have.
    fn finish(reply: Reply<Self::Data>) -> Result<Self::Output, Reply<Self::Data>>;
}
