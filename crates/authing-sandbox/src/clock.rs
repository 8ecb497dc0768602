//! The clock by which codes expire and the rate limit counts: the system's time, or one a test tells.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use crate::sync::lock;

/// The furthest that a clock can be advanced altogether: ten years of 365 days.
pub const MAX_ADVANCE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The sandbox's clock; cheap to clone, every clone shows the same time.
///
/// It runs with the machine's time and can be moved forward. A *manual* clock stands still
/// between two calls of [`Clock::advance`], so that a test owns every second of it.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    started_at: SystemTime,
    // Time that has passed is measured monotonically: a machine that corrects its own clock
    // must not bring expired codes back to life.
    started: Instant,
    manual: bool,
    advanced: Mutex<Duration>,
}

impl Clock {
    pub(crate) fn new(manual: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                started_at: SystemTime::now(),
                started: Instant::now(),
                manual,
                advanced: Mutex::new(Duration::ZERO),
            }),
        }
    }

    /// What time it is in the sandbox.
    pub fn now(&self) -> SystemTime {
        let passed = if self.inner.manual {
            Duration::ZERO
        } else {
            self.inner.started.elapsed()
        };
        self.inner.started_at + passed + self.advanced()
    }

    /// Moves the clock forward by `duration`. It never goes beyond [`MAX_ADVANCE`] altogether,
    /// and there is no way back.
    pub fn advance(&self, duration: Duration) {
        let mut advanced = lock(&self.inner.advanced);
        *advanced = advanced.saturating_add(duration).min(MAX_ADVANCE);
    }

    /// How far the clock has been moved forward since the start.
    pub fn advanced(&self) -> Duration {
        *lock(&self.inner.advanced)
    }

    /// Whether the clock moves by [`Clock::advance`] alone.
    pub fn is_manual(&self) -> bool {
        self.inner.manual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::new(true);
        let before = clock.now();
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(clock.now(), before);
        clock.clone().advance(Duration::from_secs(300));
        assert_eq!(clock.now(), before + Duration::from_secs(300));
    }

    #[test]
    fn the_system_clock_runs_and_can_be_advanced() {
        let clock = Clock::new(false);
        let before = clock.now();
        std::thread::sleep(Duration::from_millis(5));
        assert!(clock.now() > before);
        clock.advance(Duration::from_secs(60));
        assert!(clock.now() >= before + Duration::from_secs(60));
    }

    #[test]
    fn an_absurd_advance_stops_at_the_limit() {
        let clock = Clock::new(true);
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.advanced(), MAX_ADVANCE);
        let _ = clock.now();
    }
}
