//! Deadlines: whatever a server does or leaves undone, a call ends when it said it would.

use std::time::{Duration, Instant};

use authing::{AuthenticationClientBuilder, CodeState, ErrorKind, RetryPolicy};
use authing_tests::judge::{Action, DeafListener, Judge, Reply, TlsSetup};
use serde_json::json;

use super::{CONNECTION, Proof, builder, random_code};

/// How long the deadlines of this proof are.
const DEADLINE: Duration = Duration::from_millis(700);

/// Which of a call's deadlines ends it.
#[derive(Clone, Copy, Debug)]
enum By {
    Connect,
    Call,
    Override,
}

/// A server that keeps a call waiting.
struct Stall {
    name: &'static str,
    judge: Option<Judge>,
    base_url: String,
    by: By,
}

impl Stall {
    fn new(name: &'static str, judge: Judge, by: By) -> Self {
        let base_url = judge.base_url();
        let judge = Some(judge);
        Self {
            name,
            judge,
            base_url,
            by,
        }
    }
}

/// Runs every stall at once; each must end within `tolerance` of its deadline, and not before it.
pub(crate) async fn prove(tolerance: Duration) -> Result<Vec<String>, String> {
    let mut deaf = None;
    let calls: Vec<_> = stalls(&mut deaf)
        .into_iter()
        .map(|stall| tokio::spawn(ends_in_time(stall, tolerance)))
        .collect();
    let mut lines = Vec::new();
    for call in calls {
        lines.push(call.await.map_err(|error| error.to_string())??);
    }
    Ok(lines)
}

fn stalls(deaf: &mut Option<DeafListener>) -> Vec<Stall> {
    let second = Duration::from_secs(1);
    let body = || {
        Reply::json(
            200,
            &json!({"statusCode": 200, "message": "a body of some length"}),
        )
    };
    let drip = Action::Drip {
        reply: body(),
        interval: second,
    };
    let drip_body = || Action::DripBody {
        reply: body(),
        interval: second,
    };
    let half = Action::ClaimLength {
        reply: body(),
        content_length: 4000,
        then: None,
    };
    let mut stalls = vec![
        Stall::new("never answers", Judge::start(Action::NeverAnswer), By::Call),
        Stall::new(
            "never answers, the call's own deadline",
            Judge::start(Action::NeverAnswer),
            By::Override,
        ),
        Stall::new("drips its reply", Judge::start(drip), By::Call),
        Stall::new("drips its body", Judge::start(drip_body()), By::Call),
        Stall::new(
            "drips its body, the call's own deadline",
            Judge::start(drip_body()),
            By::Override,
        ),
        Stall::new("stops within its body", Judge::start(half), By::Call),
        Stall::new(
            "is silent in the handshake",
            Judge::start_tls(body(), &TlsSetup::silent()),
            By::Connect,
        ),
        Stall::new(
            "is silent in the handshake, no connect deadline before the call's",
            Judge::start_tls(body(), &TlsSetup::silent()),
            By::Call,
        ),
    ];
    *deaf = DeafListener::start();
    if let Some(deaf) = deaf {
        stalls.push(Stall {
            name: "never accepts",
            judge: None,
            base_url: format!("http://{}", deaf.addr()),
            by: By::Connect,
        });
    }
    stalls
}

/// Sets the deadline that is to end the call, and the others far off.
fn set(by: By, builder: AuthenticationClientBuilder) -> AuthenticationClientBuilder {
    let far = super::WIDE;
    match by {
        By::Connect => builder.timeout(far).connect_timeout(DEADLINE),
        By::Call => builder.timeout(DEADLINE).connect_timeout(far),
        By::Override => builder.timeout(far).connect_timeout(far),
    }
}

async fn ends_in_time(stall: Stall, tolerance: Duration) -> Proof {
    let Stall {
        name,
        judge,
        base_url,
        by,
    } = stall;
    let client = set(by, builder(base_url).retry(RetryPolicy::never()))
        .build()
        .map_err(|error| error.to_string())?;
    let mut request = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    if let By::Override = by {
        request = request.timeout(DEADLINE);
    }
    let begun = Instant::now();
    let error = match request.await {
        Ok(_) => return Err(format!("{name}: a phone number")),
        Err(error) => error,
    };
    let took = begun.elapsed();
    let expected = match by {
        By::Connect => (ErrorKind::Connect, CodeState::Unspent),
        By::Call | By::Override => (ErrorKind::Timeout, CodeState::Unknown),
    };
    if (error.kind(), error.code_state()) != expected || !error.is_timeout() {
        return Err(format!("{name}: {error:?}"));
    }
    if took < DEADLINE || took > DEADLINE + tolerance {
        return Err(format!(
            "{name}: took {took:?}, the deadline is {DEADLINE:?}"
        ));
    }
    if let Some(judge) = judge {
        let closed = |j: &Judge| j.connection_count() > 0 && j.open_connections() == 0;
        if !judge.wait_for(closed, Duration::from_secs(1)).await {
            return Err(format!("{name}: the socket is open a second later"));
        }
    }
    let late = took.saturating_sub(DEADLINE);
    Ok(format!(
        "{name}: {late:.1?} after the deadline of {DEADLINE:?}"
    ))
}
