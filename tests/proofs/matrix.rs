//! The fault matrix: every way in which an exchange can break, and what a call must say of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use authing::{CodeState, ErrorKind};
use authing_tests::certs::{Authority, Identity};
use authing_tests::judge::{Action, CutAt, Ending, Reply, Request, Script, TlsSetup};
use authing_tests::phone::reply_for_request;
use serde_json::json;

use super::KEY;

/// What a call may yield: a phone number, or an error of this kind and code state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Yield {
    /// The code's own phone number.
    Phone,
    /// An error.
    Error(ErrorKind, CodeState),
}

/// One fault, and how a call that meets it may end.
pub(crate) struct Fault {
    /// Its name, for the report.
    pub(crate) name: String,
    /// What the judge does.
    pub(crate) script: Script,
    /// How the judge speaks TLS, if it does.
    pub(crate) tls: Option<TlsSetup>,
    /// The authority to trust.
    pub(crate) authority: Option<String>,
    /// Whether each call gets a client, and so a connection, of its own.
    pub(crate) fresh: bool,
    /// The call's time; as good as none by default.
    pub(crate) timeout: Duration,
    /// All that a call may yield.
    pub(crate) yields: Vec<Yield>,
    /// How often the judge may see a code whole: twice only where it refused it once unprocessed.
    pub(crate) most: usize,
}

const TRANSPORT: Yield = Yield::Error(ErrorKind::Transport, CodeState::Unknown);
const CONNECT: Yield = Yield::Error(ErrorKind::Connect, CodeState::Unspent);
const UNEXPECTED: Yield = Yield::Error(ErrorKind::UnexpectedResponse, CodeState::Unknown);
const TIMEOUT: Yield = Yield::Error(ErrorKind::Timeout, CodeState::Unknown);
const SERVICE: Yield = Yield::Error(ErrorKind::Service, CodeState::Unknown);

impl Fault {
    fn new(name: impl Into<String>, script: impl Into<Script>, yields: &[Yield]) -> Self {
        Self {
            name: name.into(),
            script: script.into(),
            tls: None,
            authority: None,
            fresh: true,
            timeout: super::WIDE,
            yields: yields.to_vec(),
            most: 1,
        }
    }

    fn pooled(mut self) -> Self {
        self.fresh = false;
        self
    }

    /// Below us, a request that is handed to a connection in the very moment in which that ends can
    /// be left lying: nothing is sent, and the call waits for its deadline. Once in thousands.
    fn that_may_hang(mut self) -> Self {
        self.yields.push(TIMEOUT);
        self.within(Duration::from_secs(4))
    }

    fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Every fault.
pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = on_a_fresh_connection();
    faults.extend(in_the_reply());
    faults.extend(on_a_reused_connection());
    faults.extend(in_the_handshake());
    faults
}

fn on_a_fresh_connection() -> Vec<Fault> {
    let mut faults = Vec::new();
    for ending in [Ending::Fin, Ending::Close, Ending::Rst] {
        let cut = |name: &str, at: CutAt| {
            let script = Script::by_connection(move |_| {
                Script::sequence([
                    Action::cut_reply(at, ending, success()),
                    Action::NeverAnswer,
                ])
            });
            Fault::new(format!("{name}, {ending:?}"), script, &[TRANSPORT])
        };
        // A RST can be there before connecting has quite ended; that is no connection, then.
        let mut accept = cut("on accept", CutAt::Accept);
        accept.yields.push(CONNECT);
        faults.push(accept.that_may_hang());
        // The head is some 230 bytes long, the whole some 350.
        for bytes in [1, 20, 150, 230, 300, 345] {
            let name = format!("after {bytes} bytes of the request");
            faults.push(cut(&name, CutAt::RequestBytes(bytes)));
        }
        faults.push(cut("after the whole request", CutAt::Request));
        faults.push(cut("after 3 bytes of the reply", CutAt::ReplyBytes(3)));
        faults.push(cut("after the status line", CutAt::StatusLine));
        faults.push(cut("after half of the body", CutAt::HalfBody));
    }
    faults
}

/// A success of no code's: its number must never come out of a call.
fn success() -> Reply {
    Reply::json(
        200,
        &json!({"statusCode": 200, "message": "ok", "data": {
            "phoneNumber": "+8610000000000", "purePhoneNumber": "10000000000", "countryCode": "86",
        }}),
    )
}

fn in_the_reply() -> Vec<Fault> {
    let soon = Duration::from_millis(300);
    let failure = |status: u16, code: i32| {
        Reply::json(status, &json!({"statusCode": code, "message": "x"})).header("retry-after", "0")
    };
    vec![
        Fault::new("no answer", Action::NeverAnswer, &[TIMEOUT]).within(soon),
        Fault::new(
            "a byte a second",
            Action::Drip {
                reply: success(),
                interval: Duration::from_secs(1),
            },
            &[TIMEOUT],
        )
        .within(soon),
        Fault::new("not HTTP", Action::raw("SSH-2.0-x\r\n\r\n"), &[UNEXPECTED]),
        Fault::new("HTML", Reply::new(200).body("<html>"), &[UNEXPECTED]).pooled(),
        Fault::new("an empty body", Reply::new(200), &[UNEXPECTED]).pooled(),
        Fault::new(
            "a redirect to itself",
            Script::by_request(|request| {
                let host = request.header_text("host").unwrap_or_default();
                Reply::redirect(307, &format!("http://{host}{}", request.target)).into()
            }),
            &[UNEXPECTED],
        )
        .pooled(),
        Fault::new("statusCode 500", failure(200, 500), &[SERVICE]).pooled(),
        Fault::new("HTTP 503, retry-after 0", failure(503, 503), &[SERVICE]).pooled(),
        Fault::new("HTTP 502 without an envelope", Reply::new(502), &[SERVICE]).pooled(),
        Fault::new(
            "HTTP 429 that claims success",
            failure(429, 200),
            &[Yield::Error(ErrorKind::Throttled, CodeState::Unknown)],
        )
        .pooled(),
        Fault::new(
            "WeChat 45011",
            Reply::json(200, &json!({"statusCode": 200, "data": {"errcode": 45011}})),
            &[Yield::Error(ErrorKind::Throttled, CodeState::Unknown)],
        )
        .pooled(),
        // The one answer after which the same code is sent again; the judge confirms below that
        // it said 429 to the earlier request.
        Fault {
            most: 2,
            ..Fault::new("HTTP 429, then success", throttled_once(), &[Yield::Phone]).pooled()
        },
    ]
}

/// Refuses the first request of each code as one too many.
fn throttled_once() -> Script {
    let seen = Mutex::new(HashMap::new());
    Script::by_request(move |request| {
        let code = request.body_string("code").unwrap_or_default();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let count: &mut u32 = seen.entry(code).or_default();
        *count += 1;
        if *count == 1 {
            Reply::json(429, &json!({"statusCode": 429})).into()
        } else {
            reply_for_request(KEY, request).into()
        }
    })
}

/// Connections that serve one call, or some, and then die under the next.
fn on_a_reused_connection() -> Vec<Fault> {
    let mut faults = Vec::new();
    for ending in [Ending::Fin, Ending::Close, Ending::Rst] {
        // The client learns of the end before, while or after it writes the next request. A call
        // then either gets a new connection, its request unwritten, or says that it does not know.
        for millis in [0, 1, 3] {
            let after = Duration::from_millis(millis);
            let name = format!("pooled, ended {millis} ms after the reply, {ending:?}");
            let script = Script::by_request(move |request| Action::ReplyThenClose {
                reply: reply_for_request(KEY, request),
                after,
                ending,
            });
            let fault = Fault::new(name, script, &[Yield::Phone, TRANSPORT]).pooled();
            faults.push(fault.that_may_hang());
        }
        let cut = |name: &str, at: CutAt| {
            let script = Script::by_request(move |request| match second(request) {
                false => reply_for_request(KEY, request).into(),
                true => Action::cut_reply(at, ending, success()),
            });
            let name = format!("pooled, {name}, {ending:?}");
            Fault::new(name, script, &[Yield::Phone, TRANSPORT]).pooled()
        };
        faults.push(cut("cut after the whole request", CutAt::Request));
        faults.push(cut("cut after the status line", CutAt::StatusLine));
        faults.push(cut("cut after half of the body", CutAt::HalfBody));
    }
    faults
}

/// Whether this request is met by the fault: every second one, wherever it comes in.
fn second(request: &Request) -> bool {
    request.number % 2 == 1
}

fn in_the_handshake() -> Vec<Fault> {
    let mut faults = Vec::new();
    for ending in [Ending::Fin, Ending::Close, Ending::Rst] {
        for bytes in [1, 100] {
            let name = format!("after {bytes} bytes of the handshake, {ending:?}");
            let mut fault = Fault::new(name, success(), &[CONNECT]).pooled();
            fault.tls = Some(TlsSetup::cut_after(bytes, ending));
            faults.push(fault);
        }
        // Every second connection dies before the handshake: the call goes on to the next one.
        let authority = Authority::new("matrix");
        let script = Script::by_connection(move |number| match number % 2 {
            0 => Action::cut(CutAt::Accept, ending).into(),
            // Each call needs a handshake of its own: a client for each would read the system's
            // trust store a thousand times.
            _ => Script::by_request(|request| reply_for_request(KEY, request).closing().into()),
        });
        let yields = [Yield::Phone, CONNECT];
        let mut fault = Fault::new(
            format!("before every second handshake, {ending:?}"),
            script,
            &yields,
        );
        fault.fresh = false;
        fault.tls = Some(TlsSetup::new(&authority.server()));
        fault.authority = Some(authority.pem().to_owned());
        faults.push(fault);
    }
    let mut untrusted = Fault::new("an untrusted certificate", success(), &[CONNECT]).pooled();
    untrusted.tls = Some(TlsSetup::new(&Identity::self_signed()));
    faults.push(untrusted);
    faults
}
