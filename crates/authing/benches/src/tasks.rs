//! Calls shared out among tasks that run at once.

use crate::calls::Caller;

/// Makes so many calls, each task with a clone of the client and its share of them.
pub async fn share_out<C: Caller>(caller: &C, tasks: u64, calls: u64) {
    let running: Vec<_> = shares(tasks, calls)
        .map(|share| {
            let caller = caller.clone();
            tokio::spawn(async move {
                for _ in 0..share {
                    caller.call().await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
}

/// So many calls in parts that differ by one at most.
pub fn shares(tasks: u64, calls: u64) -> impl Iterator<Item = u64> {
    (0..tasks).map(move |task| calls / tasks + u64::from(task < calls % tasks))
}
