//! A code is sent at most once, and `code_state` agrees with the ledger, whatever breaks.

use std::sync::LazyLock;
use std::time::Duration;

use authing::{AuthenticationClient, CodeState, ErrorKind, RetryPolicy};
use authing_sandbox::{CodeStatus, CutAt, Fault, How, Sandbox};
use authing_tests::certs::Identity;
use authing_tests::{
    APP_ID, CODE, CONNECT, CONNECTION, Class, SERVICE, SUCCESS, THROTTLED, TIMEOUT, TRANSPORT,
    UNEXPECTED, WIDE, builder, class, eventually, stress,
};
use serde_json::json;
use tokio::task::JoinSet;

/// The result of a call: the phone number, or the kind of the error and the state of the code.
type Outcome = Result<String, Class>;

/// One fault, and all results that a call may have.
struct Row {
    fault: Option<Fault>,
    may_succeed: bool,
    errors: Vec<Class>,
    timeout: Duration,
    /// How often the callers make a call, one after the other.
    rounds: usize,
}

/// The connection that a call meets the fault on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum On {
    Fresh,
    Pooled,
    Tls,
}

const CALLERS: usize = 16;
const ENDS: [How; 2] = [How::Fin, How::Reset];

fn row(fault: Fault, errors: &[Class]) -> Row {
    Row {
        fault: Some(fault.permanent()),
        may_succeed: false,
        errors: errors.to_vec(),
        timeout: WIDE,
        rounds: 1,
    }
}

/// A row without a fault.
fn success(errors: &[Class]) -> Row {
    Row {
        fault: None,
        may_succeed: true,
        ..row(Fault::throttle(), errors)
    }
}

/// All faults that this connection can have, each with the code consumed and not.
fn rows(on: On) -> Vec<Row> {
    let mut rows = vec![success(&[])];
    for how in ENDS {
        let request = [1, 20, 150, 230, 300, 345].map(CutAt::RequestBytes);
        let response = [CutAt::StatusLine, CutAt::HalfBody, CutAt::ResponseBytes(3)];
        for at in request.into_iter().chain([CutAt::Request]).chain(response) {
            let fault = |consume| Fault::cut(at, how).consume(consume);
            rows.extend([false, true].map(|consume| row(fault(consume), &[TRANSPORT])));
        }
        let accept = Fault::cut(CutAt::Accept, how);
        match on {
            // A reset can arrive before the connection counts as established.
            On::Fresh => rows.push(row(accept, &[CONNECT, TRANSPORT])),
            On::Tls => {
                let handshake = [1, 100].map(|n| Fault::cut(CutAt::Handshake(n), how));
                let faults = handshake.into_iter().chain([accept]);
                rows.extend(faults.map(|fault| row(fault, &[CONNECT])));
            }
            // The connection ends at the moment of the next request. Rarely, the HTTP library
            // loses a request to it.
            On::Pooled => rows.extend([0, 1, 3].map(|millis| {
                let fault = Fault::cut(CutAt::Response, how);
                Row {
                    fault: Some(fault.after(Duration::from_millis(millis)).permanent()),
                    timeout: Duration::from_secs(4),
                    rounds: 5,
                    ..success(&[TRANSPORT, TIMEOUT])
                }
            })),
        }
    }
    // The rest does not depend on TLS.
    for consume in [false, true].into_iter().filter(|_| on != On::Tls) {
        for (status, body, kind) in [
            (404, "<html>", ErrorKind::Misconfigured),
            (502, "<html>", ErrorKind::Service),
            (200, "<html>", ErrorKind::UnexpectedResponse),
            (200, r#"{"statusCode":409}"#, ErrorKind::UnknownStatus),
            (200, r#"{"data":{"errcode":-1}}"#, ErrorKind::Upstream),
            (200, r#"{"data":{"errcode":45011}}"#, ErrorKind::Throttled),
            (429, r#"{"errcode":0}"#, ErrorKind::Throttled),
        ] {
            let fault = Fault::answer(status, "application/json", body).consume(consume);
            rows.push(row(fault, &[(kind, CodeState::Unknown)]));
        }
        let bad_length = "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n";
        for bytes in ["SSH-2.0-x\r\n\r\n", bad_length] {
            rows.push(row(Fault::raw(bytes).consume(consume), &[UNEXPECTED]));
        }
        let early = Fault::answer(502, "text/html", "").early(100);
        rows.push(row(early.consume(consume), &[SERVICE, TRANSPORT]));
        let drip = Fault::drip(Duration::from_secs(1));
        for fault in [Fault::stall(CutAt::Request), drip] {
            rows.push(Row {
                timeout: Duration::from_millis(400),
                ..row(fault.consume(consume), &[TIMEOUT])
            });
        }
    }
    let rejection = Fault::throttle().header("retry-after", "0");
    rows.push(Row {
        fault: Some(rejection.times(CALLERS as u32)),
        ..success(&[THROTTLED])
    });
    rows
}

/// Issues a code for a number of its own.
fn issue(sandbox: &Sandbox) -> String {
    let number = format!("+86138{:08}", fastrand::u32(..100_000_000));
    sandbox.issue_code(&number).unwrap()
}

/// Compares the result of a call with the row and the ledger.
fn check(sandbox: &Sandbox, row: &Row, code: &str, outcome: &Outcome) -> Result<(), String> {
    let entry = sandbox.entry(code).unwrap();
    let is_consumed = entry.status == CodeStatus::Consumed;
    let is_right = match outcome {
        Ok(number) => row.may_succeed && is_consumed && Some(number) == entry.phone_number.as_ref(),
        Err(error) => {
            let is_sent = entry.presented > 0 && error.0 != ErrorKind::Throttled;
            let is_unused = error.1 == CodeState::Unused;
            row.errors.contains(error) && !(is_unused && (is_consumed || is_sent))
        }
    };
    // Only an explicit rejection is followed by a second request.
    let most = 1 + u64::from(row.errors.contains(&THROTTLED));
    let is_right = is_right && entry.presented <= most;
    let wrong = || format!("{outcome:?}, {entry:?}, {:?}", row.fault);
    is_right.then_some(()).ok_or_else(wrong)
}

static CA: LazyLock<Identity> = LazyLock::new(|| Identity::ca("matrix"));

fn start(on: On) -> Sandbox {
    let mut sandbox = Sandbox::builder();
    if on == On::Tls {
        sandbox = sandbox.tls(CA.server().server_config(rustls::ALL_VERSIONS, None));
    }
    sandbox.start().unwrap()
}

/// Meets one row on a new sandbox.
async fn run<F>(
    sandbox: &Sandbox,
    row: &Row,
    on: On,
    call: impl Fn(String) -> F,
) -> Result<(), String>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let call_all = async || {
        let mut calls = JoinSet::new();
        for _ in 0..CALLERS {
            let code = issue(sandbox);
            let call = call(code.clone());
            calls.spawn(async move { (code, call.await) });
        }
        calls.join_all().await
    };
    if on == On::Pooled {
        call_all().await;
    }
    if let Some(fault) = row.fault.clone() {
        sandbox.push_fault(fault).unwrap();
    }
    let mut outcomes = Vec::new();
    for _ in 0..row.rounds {
        outcomes.extend(call_all().await);
        tokio::time::sleep(Duration::from_micros(fastrand::u64(..4000))).await;
    }
    drop(call);
    // The sandbox has read everything that was sent.
    let has_ended = async || sandbox.open_connections() == 0;
    eventually("the end of all connections", has_ended).await;
    let mut checks = outcomes.iter();
    checks.try_for_each(|(code, outcome)| check(sandbox, row, code, outcome))
}

async fn call(client: AuthenticationClient, code: String) -> Outcome {
    let result = client.get_wechat_miniprogram_phone(code, CONNECTION).await;
    result
        .map(|reply| reply.data.phone_number.as_str().to_owned())
        .map_err(|error| class(&error))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_code_is_sent_twice_and_no_used_code_is_called_unused() {
    for on in [On::Fresh, On::Pooled, On::Tls] {
        for row in rows(on) {
            for _ in 0..stress(1, 30) {
                let sandbox = start(on);
                let client = builder(sandbox.base_url())
                    .add_root_certificate_pem(CA.certificate.pem())
                    .retry(RetryPolicy::default().max_retries(1))
                    .timeout(row.timeout)
                    .build()
                    .unwrap();
                let call = move |code| call(client.clone(), code);
                let met = run(&sandbox, &row, on, call).await;
                met.unwrap_or_else(|error| panic!("{on:?} {error}"));
            }
        }
    }
}

/// A client that sends again after any failure, or else calls every code of an HTTP 429 unused.
async fn careless(url: String, code: String, resends: bool) -> Outcome {
    let request = reqwest::Client::new()
        .post(format!("{url}/api/v3/get-wechat-miniprogram-phone"))
        .header("x-authing-app-id", APP_ID)
        .json(&json!({"code": code, "extIdpConnidentifier": CONNECTION}));
    let mut outcome = Err(TRANSPORT);
    for _ in 0..if resends { 3 } else { 1 } {
        let sent = request.try_clone().unwrap().send().await;
        if sent.is_ok_and(|response| response.status() == 429) {
            outcome = Err(THROTTLED);
        }
    }
    outcome
}

/// Control: the matrix catches both careless clients.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_matrix_catches_careless_clients() {
    let used = Fault::answer(429, "text/plain", SUCCESS).consume(true);
    for (fault, resends, caught) in [
        (Fault::cut(CutAt::Request, How::Fin), true, "presented: 3"),
        (
            Fault::cut(CutAt::HalfBody, How::Reset),
            true,
            "presented: 3",
        ),
        (used, false, "Unused"),
    ] {
        let row = row(fault, &[TRANSPORT, THROTTLED]);
        let sandbox = start(On::Fresh);
        let call = |code| careless(sandbox.base_url().to_owned(), code, resends);
        let error = run(&sandbox, &row, On::Fresh, call).await.unwrap_err();
        assert!(error.contains(caught), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_dropped_at_any_moment_sends_its_code_at_most_once() {
    let row = Row {
        rounds: stress(20, 500),
        ..success(&[TRANSPORT])
    };
    let sandbox = start(On::Fresh);
    let client = builder(sandbox.base_url()).build().unwrap();
    let call = move |code| {
        let moment = Duration::from_micros(fastrand::u64(..8000));
        let call = tokio::time::timeout(moment, call(client.clone(), code));
        async { call.await.unwrap_or(Err(TRANSPORT)) }
    };
    run(&sandbox, &row, On::Fresh, call).await.unwrap();
}

#[tokio::test]
async fn used_expired_and_unknown_codes_are_invalid() {
    let sandbox = Sandbox::start().unwrap();
    let client = builder(sandbox.base_url()).build().unwrap();
    let [used, expired] = [(); 2].map(|()| issue(&sandbox));
    call(client.clone(), used.clone()).await.unwrap();
    sandbox.advance_clock(Duration::from_secs(301));
    let login_code = "0c3aBcDeFgHiJkLmNoPqRsTuVwXyZ012";
    let [lower, upper] = [login_code.to_lowercase(), login_code.to_uppercase()];
    let longest = "a".repeat(512);
    for code in [&used, &expired, CODE, login_code, &lower, &upper, &longest] {
        let call = client.get_wechat_miniprogram_phone(code, CONNECTION);
        let error = call.await.unwrap_err();
        let invalid = (ErrorKind::CodeRejected, CodeState::Invalid);
        assert_eq!(class(&error), invalid);
        let names_login = error.to_string().contains("wx.login");
        assert_eq!(names_login, code == login_code, "{error}");
    }
}
