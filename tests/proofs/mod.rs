//! The heavy proofs: the default tests run them small, `cargo xtask prove` runs them large.
//!
//! They are compiled into the test `faults` and into the example `prove`, and depend on what is
//! judged; the judges, in this package's library, do not.

pub(crate) mod at_most_once;
pub(crate) mod bend;
pub(crate) mod deadlines;
pub(crate) mod matrix;
pub(crate) mod mix_up;
pub(crate) mod process;
pub(crate) mod replies;

use std::fmt::Write as _;
use std::time::Duration;

use authing::{AuthenticationClient, AuthenticationClientBuilder};

/// The key of the numbers that the judges hand out.
pub(crate) const KEY: &str = "proofs";
/// The connection identifier of every call.
pub(crate) const CONNECTION: &str = "my-wxapp";
/// Long enough for anything that happens at all on a busy machine.
pub(crate) const WIDE: Duration = Duration::from_secs(20);

/// What a proof found wrong, or the line that tells what it did.
pub(crate) type Proof = Result<String, String>;

/// A builder for a client of the server at this address.
pub(crate) fn builder(base_url: impl Into<String>) -> AuthenticationClientBuilder {
    AuthenticationClient::builder()
        .app_host(base_url)
        .app_id("proofs-app")
        .timeout(WIDE)
}

/// A code as the phone button hands it out, random and never the same.
pub(crate) fn random_code() -> String {
    let mut code = String::with_capacity(64);
    for _ in 0..4 {
        let _ = write!(code, "{:016x}", fastrand::u64(..));
    }
    code
}
