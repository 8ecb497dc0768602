//! Retries: the policy, the decision as a pure function, and the `Retry-After` header.

use std::time::{Duration, SystemTime};

use crate::error::Error;

/// How often a failed call is retried automatically, if
/// [`is_retryable`](crate::Error::is_retryable); a policy does not change which errors are retried.
///
/// Before a retry the client waits for a random time of up to 100 ms, doubled with each retry up to
/// 2 s, plus the service's `Retry-After`. A wait that would pass the deadline is not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(crate) max_retries: u32,
}

/// Up to 2 retries.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_retries: 2 }
    }
}

impl RetryPolicy {
    /// Never retries.
    pub fn never() -> Self {
        Self { max_retries: 0 }
    }

    /// Sets the number of attempts after the first. Default: 2. Range: 0 to 5, checked by `build`.
    pub fn max_retries(self, max_retries: u32) -> Self {
        Self { max_retries }
    }
}

/// The longest wait before the first retry, and before any later one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// The wait before the next attempt, if there is to be one.
///
/// `remaining` is the time left until the call's deadline, `jitter` a random number from 0 to 1.
pub(crate) fn wait(
    policy: &RetryPolicy,
    error: &Error,
    remaining: Duration,
    jitter: f64,
) -> Option<Duration> {
    if !error.is_retryable() || error.attempts() > policy.max_retries {
        return None;
    }
    let doublings = error.attempts().saturating_sub(1);
    let backoff = FIRST_BACKOFF
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(MAX_BACKOFF)
        .mul_f64(jitter.clamp(0.0, 1.0));
    // Added to Retry-After, so that clients with the same value do not retry at the same time.
    let wait = backoff.saturating_add(error.retry_after().unwrap_or_default());
    (wait < remaining).then_some(wait)
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date in any of its three forms.
///
/// A date in the past means no wait. A number that is too large means the longest wait.
pub(crate) fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::ErrorKind;

    #[test]
    fn backoff_doubles_up_to_2_s_and_ends_before_the_deadline() {
        // Attempts, Retry-After in seconds, milliseconds until the deadline, jitter, and the wait.
        for (attempts, retry_after, remaining, jitter, expected) in [
            (1, 0, 10_000, 1.0, Some(100)),
            (2, 0, 10_000, 1.0, Some(200)),
            (5, 0, 10_000, 1.0, Some(1600)),
            (6, 0, 10_000, 1.0, Some(2000)),
            (u32::MAX, 0, 10_000, 1.0, Some(2000)),
            (5, 0, 10_000, 0.5, Some(800)),
            (5, 0, 10_000, 0.0, Some(0)),
            (5, 0, 10_000, 7.0, Some(1600)),
            (1, 7, 10_000, 0.0, Some(7000)),
            (1, 7, 10_000, 1.0, Some(7100)),
            (1, u64::MAX, 10_000, 1.0, None),
            (1, 0, 101, 1.0, Some(100)),
            (1, 0, 100, 1.0, None),
            (1, 0, 0, 0.0, None),
        ] {
            let policy = RetryPolicy::default().max_retries(u32::MAX);
            let mut error = Error::from(ErrorKind::Connect);
            error.0.attempts = attempts;
            error.0.retry_after = Some(Duration::from_secs(retry_after));
            let waited = wait(&policy, &error, Duration::from_millis(remaining), jitter);
            let expected = expected.map(Duration::from_millis);
            assert_eq!(
                waited, expected,
                "{attempts} {retry_after} {remaining} {jitter}"
            );
        }
    }

    #[test]
    fn retry_after_is_read_in_all_forms() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (value, expected) in [
            (" 7 ", Some(7)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
            ("Sun Nov  6 08:49:47 1994", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("-1", None),
            ("", None),
        ] {
            let read = retry_after(value.as_bytes(), now);
            assert_eq!(read, expected.map(Duration::from_secs), "{value:?}");
        }
    }
}
