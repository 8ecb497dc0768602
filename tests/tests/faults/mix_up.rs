//! The right phone to the right caller, at a size that suits every run.
//!
//! What would turn it red: a reply kept where another call can take it, or a pool that hands out a
//! connection with an answer still in it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use authing_tests::judge::Judge;
use authing_tests::phone::phone_script;

use crate::proofs::{KEY, mix_up};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_caller_gets_the_number_of_its_own_code() {
    let judge = Judge::start(phone_script(KEY));
    judge.keep_requests(false);
    let size = mix_up::Size {
        calls: 3000,
        time: Duration::from_secs(20),
        at_once: 64,
        cancel_one_in: 10,
    };
    let tally = mix_up::run(&judge.base_url(), size).await.unwrap();
    println!("{tally:?}");
    assert_eq!(tally.wrong.load(Ordering::Relaxed), 0);
    assert_eq!(tally.failed.load(Ordering::Relaxed), 0);
    assert!(tally.right.load(Ordering::Relaxed) >= 1000);
    assert!(tally.cancelled.load(Ordering::Relaxed) > 0);
    assert_eq!(judge.violations(), []);
}
