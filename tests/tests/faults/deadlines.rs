//! Deadlines, cancelled calls, and what they leave behind: nothing.
//!
//! Broken on purpose: a later deadline for `timeout_at` in `call.rs` turns `calls_end_in_time` red.
//! An exchange that ran on in a task of its own would do so with `a_dropped_call_closes_its_socket`.

use std::time::Duration;

use authing_tests::judge::{Action, Closed, Judge, Reply, TlsSetup};
use serde_json::json;

use crate::proofs::{CONNECTION, WIDE, builder, deadlines, random_code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_end_in_time() {
    let lines = deadlines::prove(Duration::from_secs(1)).await;
    println!("{:#?}", lines.unwrap_or_else(|why| panic!("{why}")));
}

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Waits a second at most until as many tasks live as before.
async fn back_to(baseline: usize) {
    for _ in 0..100 {
        if alive_tasks() <= baseline {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} tasks live, there were {baseline}", alive_tasks());
}

/// Dropped while the request is on its way, while the answer comes in, within the handshake.
#[tokio::test]
async fn a_dropped_call_closes_its_socket() {
    let body = Reply::json(200, &json!({"statusCode": 200, "message": "some length"}));
    let judges = [
        Judge::start(Action::NeverAnswer),
        Judge::start(Action::DripBody {
            reply: body.clone(),
            interval: Duration::from_secs(1),
        }),
        Judge::start(Action::EndlessChunkedBody.after(Duration::from_secs(30))),
        Judge::start_tls(body, &TlsSetup::silent()),
    ];
    let baseline = alive_tasks();
    for judge in judges {
        let client = builder(judge.base_url()).build().unwrap();
        let call = client
            .get_wechat_miniprogram_phone(random_code(), CONNECTION)
            .into_future();
        let call = tokio::spawn(call);
        let begun = |j: &Judge| j.bytes_received() > 0;
        assert!(judge.wait_for(begun, WIDE).await);
        // The head of the answer, where there is one, has time to arrive.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(judge.open_connections(), 1);
        call.abort();
        let closed = |j: &Judge| j.open_connections() == 0;
        assert!(judge.wait_for(closed, Duration::from_secs(1)).await);
        assert_eq!(judge.connections()[0].peer_closed.unwrap().how, Closed::Fin);
        // The client still stands, and its pool; only the call is gone.
        back_to(baseline).await;
    }
}

/// A call that is dropped before it is polled sends nothing.
#[tokio::test]
async fn a_call_that_is_never_awaited_sends_nothing() {
    let judge = Judge::start(Reply::new(200));
    let client = builder(judge.base_url()).build().unwrap();
    drop(
        client
            .get_wechat_miniprogram_phone(random_code(), CONNECTION)
            .into_future(),
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(judge.connection_count(), 0);
}

/// Idle connections end with the last clone of their client.
#[tokio::test]
async fn a_dropped_client_closes_its_pool() {
    let judge = Judge::start(authing_tests::phone::phone_script("pool"));
    let baseline = alive_tasks();
    let client = builder(judge.base_url()).build().unwrap();
    let clone = client.clone();
    client
        .get_wechat_miniprogram_phone(random_code(), CONNECTION)
        .await
        .unwrap();
    drop(client);
    assert_eq!(judge.open_connections(), 1);
    drop(clone);
    assert!(
        judge
            .wait_for(|j| j.open_connections() == 0, Duration::from_secs(1))
            .await
    );
    back_to(baseline).await;
}
