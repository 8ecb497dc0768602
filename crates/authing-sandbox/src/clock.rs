//! The clock by which codes expire and the rate limit counts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// The furthest that a clock can be advanced in all: ten years of 365 days.
pub const MAX_ADVANCE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The sandbox's clock; cheap to clone, every clone shows the same time.
///
/// It runs with the machine's time and can be moved forward. A *manual* clock moves only by
/// [`Clock::advance`], so that a test controls every second of it.
#[derive(Clone, Debug)]
pub struct Clock {
    started_at: DateTime<Utc>,
    // Elapsed time is measured monotonically: a machine that corrects its own clock must not make
    // expired codes valid again. A manual clock has none.
    started: Option<Instant>,
    advanced: Arc<Mutex<Duration>>,
}

impl Clock {
    pub(crate) fn new(manual: bool) -> Self {
        Self {
            started_at: Utc::now(),
            started: (!manual).then(Instant::now),
            advanced: Arc::default(),
        }
    }

    /// Returns the time in the sandbox.
    pub fn now(&self) -> DateTime<Utc> {
        let elapsed = self.started.map_or(Duration::ZERO, |at| at.elapsed());
        self.started_at + elapsed + *lock(&self.advanced)
    }

    /// Moves the clock forward, by [`MAX_ADVANCE`] in all at most. It cannot be moved back.
    pub fn advance(&self, duration: Duration) {
        let mut advanced = lock(&self.advanced);
        *advanced = advanced.saturating_add(duration).min(MAX_ADVANCE);
    }
}

/// Locks; a panic in another thread leaves the value usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
