//! What every measurement needs: a runtime, and the middle of what was measured.

use tokio::runtime::{Builder, Runtime};

/// A runtime that does everything on one thread.
pub fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The median.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
