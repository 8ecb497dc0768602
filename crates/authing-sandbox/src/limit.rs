//! The rate limit: so many exchange requests in each second, per user pool.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Counts requests in whole seconds of the sandbox's clock. A window that begins anew each second
/// is the plainest reading of "300 requests per second"; how Authing counts is not known.
#[derive(Debug)]
pub(crate) struct RateLimit {
    per_second: Option<u32>,
    /// Whether a refusal says `Retry-After: 1`.
    pub(crate) retry_after: bool,
    windows: HashMap<String, (u64, u32)>,
}

impl RateLimit {
    pub(crate) fn new(per_second: Option<u32>, retry_after: bool) -> Self {
        Self {
            per_second,
            retry_after,
            windows: HashMap::new(),
        }
    }

    pub(crate) fn per_second(&self) -> Option<u32> {
        self.per_second
    }

    pub(crate) fn set(&mut self, per_second: Option<u32>) {
        self.per_second = per_second;
        self.windows.clear();
    }

    /// Whether this request still fits. Only pools that exist are asked about, so the map stays
    /// as small as the configuration.
    pub(crate) fn admits(&mut self, userpool_id: &str, now: SystemTime) -> bool {
        let Some(limit) = self.per_second else {
            return true;
        };
        let second = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let window = self.windows.entry(userpool_id.to_owned()).or_default();
        if window.0 != second {
            *window = (second, 0);
        }
        if window.1 >= limit {
            return false;
        }
        window.1 += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_pool_has_its_own_second() {
        let now = UNIX_EPOCH + Duration::from_millis(1_700_000_000_900);
        let mut limit = RateLimit::new(Some(2), true);
        let admitted: Vec<bool> = (0..3).map(|_| limit.admits("a", now)).collect();
        assert_eq!(admitted, [true, true, false]);
        assert!(limit.admits("b", now));
        assert!(limit.admits("a", now + Duration::from_millis(100)));
        limit.set(None);
        assert!((0..1000).all(|_| limit.admits("a", now)));
        limit.set(Some(0));
        assert!(!limit.admits("a", now));
    }
}
