//! The right phone to the right caller: many calls at once over shared and cloned clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use authing::AuthenticationClient;
use authing_tests::phone::phone_for_code;
use tokio::task::JoinSet;

use super::{CONNECTION, KEY, builder, random_code};

/// What became of the calls.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Calls that yielded their own number.
    pub(crate) right: AtomicU64,
    /// Calls that yielded another's.
    pub(crate) wrong: AtomicU64,
    /// Calls that were dropped on their way.
    pub(crate) cancelled: AtomicU64,
    /// Calls that yielded an error.
    pub(crate) failed: AtomicU64,
}

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Calls in all; the end comes earlier if the time is up.
    pub(crate) calls: u64,
    /// The longest time.
    pub(crate) time: Duration,
    /// Calls under way at a time.
    pub(crate) at_once: u64,
    /// One call in so many is dropped on its way.
    pub(crate) cancel_one_in: u64,
}

/// Makes the calls against a server that answers each code with its own number.
pub(crate) async fn run(base_url: &str, size: Size) -> Result<Arc<Tally>, String> {
    let clients: Vec<AuthenticationClient> = (0..4)
        .map(|_| builder(base_url).build().map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    let tally = Arc::new(Tally::default());
    let left = Arc::new(AtomicU64::new(size.calls));
    let end = Instant::now() + size.time;
    let mut callers = JoinSet::new();
    for caller in 0..size.at_once {
        // Some share a client, some have a clone of their own; all pools are shared by many.
        let client = clients[caller as usize % clients.len()].clone();
        let (tally, left) = (Arc::clone(&tally), Arc::clone(&left));
        callers.spawn(async move {
            let take = |left: u64| left.checked_sub(1);
            while Instant::now() < end
                && left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                    .is_ok()
            {
                one_call(&client, &tally, size.cancel_one_in).await;
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.map_err(|error| format!("a caller panicked: {error}"))?;
    }
    Ok(tally)
}

async fn one_call(client: &AuthenticationClient, tally: &Tally, cancel_one_in: u64) {
    let code = random_code();
    let call = client
        .clone()
        .get_wechat_miniprogram_phone(&code, CONNECTION)
        .into_future();
    let outcome = if fastrand::u64(..cancel_one_in) == 0 {
        // Anywhere between before the connection and behind the answer.
        let patience = Duration::from_micros(fastrand::u64(..3000));
        match tokio::time::timeout(patience, call).await {
            Ok(outcome) => outcome,
            Err(_) => {
                tally.cancelled.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    } else {
        call.await
    };
    let counter = match outcome {
        Ok(reply) if reply.data.pure_phone_number.as_str() == phone_for_code(KEY, &code) => {
            &tally.right
        }
        Ok(_) => &tally.wrong,
        Err(_) => &tally.failed,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}
