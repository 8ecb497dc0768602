//! When a failed attempt is followed by another: a pure function, and the policy it reads.

use std::time::Duration;

/// How a call is retried.
///
/// Only what surely did not reach WeChat is ever retried: no connection, and a request that was
/// refused unprocessed for being one too many ([`Error::is_retryable`](crate::Error::is_retryable)).
/// No policy widens that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_retries: u32,
}

/// Two more attempts, after waits that double from 100 ms up to 2 s, each cut to a random part of
/// itself. A `Retry-After` comes first, and a wait that would pass the call's deadline is not begun.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_retries: 2 }
    }
}

impl RetryPolicy {
    /// One attempt, whatever comes of it.
    pub fn never() -> Self {
        Self { max_retries: 0 }
    }
}

/// The wait before the second attempt, before chance cuts it.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest such wait.
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// What is known when an attempt has failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed {
    /// Attempts so far, this one included.
    pub(crate) attempts: u32,
    /// Whether the outcome surely left the code untouched.
    pub(crate) retryable: bool,
    /// What the service asked for.
    pub(crate) retry_after: Option<Duration>,
    /// What is left of the call's time.
    pub(crate) remaining: Duration,
}

/// The wait before another attempt; nothing if there is to be none.
///
/// `jitter` is a random number from 0 to 1.
pub(crate) fn wait(policy: &RetryPolicy, failed: Failed, jitter: f64) -> Option<Duration> {
    let Failed {
        attempts,
        retryable,
        retry_after,
        remaining,
    } = failed;
    if !retryable || attempts > policy.max_retries {
        return None;
    }
    let doublings = attempts.saturating_sub(1);
    let backoff = FIRST_BACKOFF
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(MAX_BACKOFF)
        .mul_f64(jitter.clamp(0.0, 1.0));
    // Many clients may have been told the same second: chance spreads them behind it.
    let wait = retry_after.unwrap_or_default().saturating_add(backoff);
    (wait < remaining).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Failed = Failed {
        attempts: 1,
        retryable: true,
        retry_after: None,
        remaining: Duration::from_secs(10),
    };

    fn millis(wait: Option<Duration>) -> Option<u128> {
        wait.map(|wait| wait.as_millis())
    }

    #[test]
    fn waits_double_up_to_a_limit_and_are_cut_by_chance() {
        let patient = RetryPolicy {
            max_retries: u32::MAX,
        };
        for (attempts, full) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (4, 800),
            (5, 1600),
            (6, 2000),
            (7, 2000),
            (4_000_000_000, 2000),
        ] {
            let failed = Failed { attempts, ..FAILED };
            assert_eq!(
                millis(wait(&patient, failed, 1.0)),
                Some(full),
                "{attempts}"
            );
            assert_eq!(
                millis(wait(&patient, failed, 0.5)),
                Some(full / 2),
                "{attempts}"
            );
            assert_eq!(millis(wait(&patient, failed, 0.0)), Some(0), "{attempts}");
        }
    }

    #[test]
    fn the_default_policy_allows_two_more_attempts() {
        let policy = RetryPolicy::default();
        for (attempts, allowed) in [(1, true), (2, true), (3, false), (4, false)] {
            let failed = Failed { attempts, ..FAILED };
            assert_eq!(wait(&policy, failed, 1.0).is_some(), allowed, "{attempts}");
            assert_eq!(wait(&RetryPolicy::never(), failed, 1.0), None, "{attempts}");
        }
    }

    /// Turns red if anything else becomes a reason to send a code again.
    #[test]
    fn what_may_have_used_the_code_is_never_retried() {
        let failed = Failed {
            retryable: false,
            ..FAILED
        };
        assert_eq!(wait(&RetryPolicy::default(), failed, 0.0), None);
    }

    #[test]
    fn retry_after_comes_before_the_backoff() {
        let policy = RetryPolicy::default();
        let failed = Failed {
            retry_after: Some(Duration::from_secs(7)),
            ..FAILED
        };
        assert_eq!(millis(wait(&policy, failed, 0.0)), Some(7000));
        assert_eq!(millis(wait(&policy, failed, 1.0)), Some(7100));
        let forever = Failed {
            retry_after: Some(Duration::MAX),
            ..FAILED
        };
        assert_eq!(wait(&policy, forever, 1.0), None);
    }

    #[test]
    fn a_wait_that_would_reach_the_deadline_is_not_begun() {
        let policy = RetryPolicy::default();
        for (remaining, begun) in [(0, false), (99, false), (100, false), (101, true)] {
            let failed = Failed {
                remaining: Duration::from_millis(remaining),
                ..FAILED
            };
            assert_eq!(wait(&policy, failed, 1.0).is_some(), begun, "{remaining}");
        }
    }

    #[test]
    fn a_jitter_out_of_range_is_brought_into_it() {
        let policy = RetryPolicy::default();
        assert_eq!(millis(wait(&policy, FAILED, 7.0)), Some(100));
        assert_eq!(millis(wait(&policy, FAILED, -1.0)), Some(0));
    }
}
