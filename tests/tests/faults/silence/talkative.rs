//! Servers that repeat whatever they are sent, and the child that meets them and says everything.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use authing::{AuthenticationClient, AuthenticationClientBuilder, Error, RetryPolicy};
use authing_api::reply::{PhoneData, Reply as ApiReply};
use authing_api::types::GetWechatMiniProgramPhoneDto;
use authing_tests::certs::{Authority, Identity};
use authing_tests::judge::{
    Action, CutAt, Ending, Judge, Reply, Request, Script, TlsSetup, refused_addr,
};
use serde_json::{Value, json};

use super::canaries::{CANARIES, CODE, CONNECTION, PASSWORD, PHONE, TOKEN};
use crate::child;

/// All that the server knows of the caller, and the phone number.
fn echo(request: &Request) -> String {
    let token = request.header_text("authorization").unwrap_or_default();
    let code = request.body_string("code").unwrap_or_default();
    let connection = request
        .body_string("extIdpConnidentifier")
        .unwrap_or_default();
    format!("{code} {token} {connection} {PHONE}")
}

fn envelope(request: &Request, status_code: i32, data: Value) -> Value {
    let said = echo(request);
    json!({
        "statusCode": status_code, "message": said, "apiCode": 2011, "requestId": said,
        "errmsg": said, "data": data, "x": said,
    })
}

fn success(request: &Request) -> Value {
    let said = echo(request);
    let data = json!({
        "phoneNumber": format!("+86{PHONE}"), "purePhoneNumber": PHONE, "countryCode": "86",
        "watermark": {"appid": said, "timestamp": 1_637_744_274}, "errmsg": said,
    });
    envelope(request, 200, data)
}

/// A reply whose head repeats it all as well.
fn talkative(request: &Request, status: u16, body: impl Into<Vec<u8>>) -> Reply {
    let said = echo(request);
    let mut reply = Reply::new(status)
        .header(
            "content-type",
            &format!("application/json; said=\"{said}\""),
        )
        .header("retry-after", &said)
        .header("location", &format!("/{CODE}?{TOKEN}"))
        .header("set-cookie", &said)
        .header("x-said", &said)
        .body(body);
    reply.reason.clone_from(&said);
    reply
}

fn answers(answer: impl Fn(&Request) -> Action + Send + Sync + 'static) -> Judge {
    Judge::start(Script::by_request(answer))
}

fn fails(status: u16, status_code: i32) -> Judge {
    answers(move |request| {
        let body = envelope(request, status_code, Value::Null).to_string();
        talkative(request, status, body).into()
    })
}

fn wechat(errcode: i64) -> Judge {
    answers(move |request| {
        let data = json!({"errcode": errcode, "errmsg": echo(request)});
        talkative(request, 200, envelope(request, 200, data).to_string()).into()
    })
}

fn says(status: u16, body: fn(&Request) -> String) -> Judge {
    answers(move |request| talkative(request, status, body(request)).into())
}

/// The servers of this proof, by name.
pub(super) fn servers(authority: &Authority) -> Vec<(&'static str, Judge)> {
    let good = || {
        Script::by_request(|request| talkative(request, 200, success(request).to_string()).into())
    };
    let server = TlsSetup::new(&authority.server());
    vec![
        ("success", Judge::start(good())),
        ("rejected", wechat(40029)),
        ("quota", wechat(45011)),
        ("busy", wechat(-1)),
        ("throttled", fails(429, 429)),
        ("unauthorized", fails(401, 401)),
        ("service", fails(500, 500)),
        ("upstream", fails(200, 601)),
        ("api", fails(200, 409)),
        (
            "html",
            says(200, |request| format!("<html>{}", echo(request))),
        ),
        ("text", says(502, echo)),
        ("redirect", says(307, echo)),
        (
            "cut-json",
            says(200, |request| {
                let whole = success(request).to_string();
                whole[..whole.len() - 1].to_owned()
            }),
        ),
        (
            "odd-json",
            says(200, |request| {
                json!({"statusCode": echo(request), CODE: TOKEN}).to_string()
            }),
        ),
        (
            "no-number",
            says(200, |request| {
                envelope(
                    request,
                    200,
                    json!({"phoneNumber": [PHONE], "purePhoneNumber": PHONE}),
                )
                .to_string()
            }),
        ),
        ("large", says(200, |request| echo(request).repeat(2000))),
        (
            "bad-head",
            answers(|request| Action::raw(format!("HTTP/1.1 {}\r\n\r\n", echo(request)))),
        ),
        (
            "bad-header",
            answers(|request| {
                Action::raw(format!("HTTP/1.1 200 OK\r\n{}\u{0}\r\n\r\n", echo(request)))
            }),
        ),
        (
            "bad-chunk",
            answers(|request| {
                let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                Action::raw(format!("{head}{}\r\n", echo(request)))
            }),
        ),
        (
            "half",
            answers(|request| {
                let reply = talkative(request, 200, success(request).to_string());
                Action::cut_reply(CutAt::HalfBody, Ending::Rst, reply)
            }),
        ),
        ("silent", Judge::start(Action::NeverAnswer)),
        (
            "reset",
            Judge::start(Action::cut(CutAt::Request, Ending::Rst)),
        ),
        (
            "untrusted",
            Judge::start_tls(good(), &TlsSetup::new(&Identity::self_signed())),
        ),
        ("tls", Judge::start_tls(good(), &server)),
        (
            "mutual",
            Judge::start_tls(good(), &server.require_client_certificate(authority)),
        ),
    ]
}

/// One line of the log crate, printed whole.
struct Printed;

impl log::Log for Printed {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        eprintln!(
            "log {} {} {}",
            record.level(),
            record.target(),
            record.args()
        );
    }

    fn flush(&self) {}
}

/// Says an error in every way there is, and dies of it.
fn say(error: Error) {
    println!("kind: {:?}", error.kind());
    println!("{error}\n{error:?}\n{error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        println!("source {cause}\n{cause:?}\n{cause:#?}");
        source = cause.source();
    }
    let text = error.to_string();
    let _ = catch_unwind(move || panic!("{text}"));
    #[expect(
        clippy::unnecessary_literal_unwrap,
        reason = "the panic of an unwrapped error is what is to be heard"
    )]
    let expected = AssertUnwindSafe(move || Err::<(), _>(error).expect("a phone number"));
    let _ = catch_unwind(expected);
}

fn builder(url: &str, theirs: reqwest::ClientBuilder) -> AuthenticationClientBuilder {
    let variable = |name| child::variable(name).unwrap();
    let builder = AuthenticationClient::builder()
        .app_host(url)
        .app_id("app")
        .retry(RetryPolicy::never())
        .timeout(Duration::from_millis(600))
        .connect_timeout(Duration::from_millis(500))
        .root_certificate_pem(variable("AUTHORITY"))
        .identity_pem(variable("IDENTITY"))
        .http_client_builder(theirs);
    println!("{builder:?}\n{builder:#?}");
    builder
}

async fn call(builder: AuthenticationClientBuilder) {
    let client = match builder.build() {
        Ok(client) => client,
        Err(error) => return say(error),
    };
    println!("{client:?}\n{client:#?}");
    let call = client
        .get_wechat_miniprogram_phone(CODE, CONNECTION)
        .access_token(TOKEN);
    println!("{call:?}\n{call:#?}");
    match call.await {
        Ok(reply) => println!(
            "{reply:?}\n{reply:#?}\n{:?}\n{:#?}",
            reply.data, reply.data.watermark
        ),
        Err(error) => say(error),
    }
}

#[tokio::test]
#[ignore = "run by the tests of this module's parent as a child process"]
async fn child_says_everything() {
    let Some(mode) = child::variable("MODE") else {
        return;
    };
    log::set_max_level(log::LevelFilter::Trace);
    log::set_boxed_logger(Box::new(Printed)).unwrap();
    if mode == "tracing" {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .init();
    }
    if mode == "leak" {
        CANARIES.iter().for_each(|(_, canary)| println!("{canary}"));
    }
    for server in child::variable("URLS").unwrap().split(' ') {
        let (name, url) = server.split_once('=').unwrap();
        println!("-- {name}");
        call(builder(url, reqwest::Client::builder())).await;
        let verbose = reqwest::Client::builder()
            .connection_verbose(true)
            .referer(true);
        call(builder(url, verbose)).await;
        // The same through a proxy whose address holds a password.
        let proxy = url.replacen("://", &format!("://{CODE}:{PASSWORD}@"), 1);
        call(builder("http://localhost:9", reqwest::Client::builder()).proxy(proxy)).await;
        let proxy = url.replacen("://", &format!("://{CODE}:{PASSWORD}@"), 1);
        call(builder("https://localhost:9", reqwest::Client::builder()).proxy(proxy)).await;
    }
    call(builder(
        &format!("http://{}", refused_addr()),
        reqwest::Client::builder(),
    ))
    .await;
    bad_input().await;
    dtos();
}

/// Every argument and option, wrong and secret at once.
async fn bad_input() {
    let plain = || builder("http://127.0.0.1:9", reqwest::Client::builder());
    for (_, canary) in CANARIES {
        call(plain().app_host(format!("https://u:{canary}@a.example"))).await;
        call(plain().app_host(format!("https://a.example/{canary}"))).await;
        call(plain().app_host(canary)).await;
        call(plain().app_id(format!("{canary} "))).await;
        call(plain().userpool_id(format!("{canary}\n"))).await;
        call(plain().lang(format!("{canary}!"))).await;
        call(plain().user_agent(format!("{canary}\u{e9}"))).await;
        call(plain().proxy(canary)).await;
        call(plain().proxy(format!("http://u:{canary}@:0"))).await;
        call(plain().proxy(format!("socks5://u:{canary}@a.example"))).await;
        call(plain().root_certificate_pem(canary)).await;
        for pem in ["CERTIFICATE", "PRIVATE KEY"] {
            let text = format!("-----BEGIN {pem}-----\n{canary}\n-----END {pem}-----\n");
            call(plain().root_certificate_pem(text.clone())).await;
            let whole = child::variable("AUTHORITY").unwrap() + &text;
            call(plain().identity_pem(text)).await;
            call(plain().identity_pem(whole)).await;
        }
        let client = plain()
            .identity_pem(child::variable("IDENTITY").unwrap())
            .build()
            .unwrap();
        let bad = format!("{canary}\r\n");
        for request in [
            client.get_wechat_miniprogram_phone(&bad, CONNECTION),
            client.get_wechat_miniprogram_phone(CODE, &bad),
            client
                .get_wechat_miniprogram_phone(CODE, CONNECTION)
                .access_token(&bad),
            client
                .get_wechat_miniprogram_phone(CODE, CONNECTION)
                .bare_token(&bad),
            client
                .get_wechat_miniprogram_phone(CODE, CONNECTION)
                .lang(&bad),
        ] {
            println!("{request:?}");
            say(request.await.unwrap_err());
        }
    }
}

/// `Debug` of the low-level crate's own types.
fn dtos() {
    let body = GetWechatMiniProgramPhoneDto::new(CODE.into(), CONNECTION.into());
    println!("{body:?}\n{body:#?}");
    let said = format!("{CODE} {TOKEN} {CONNECTION} {PHONE}");
    let reply = json!({
        "statusCode": 200, "message": said, "requestId": said, "errmsg": said,
        "data": {"phoneNumber": PHONE, "purePhoneNumber": PHONE, "countryCode": PHONE,
            "errmsg": said, "watermark": {"appid": said, "timestamp": 1},
            "phone_info": {"phoneNumber": PHONE, "countryCode": "86"}},
    });
    let reply = ApiReply::<PhoneData>::from_slice(reply.to_string().as_bytes()).unwrap();
    println!("{reply:?}\n{reply:#?}");
    let broken = ApiReply::<PhoneData>::from_slice(said.as_bytes()).unwrap_err();
    println!("{broken} {broken:?}");
    let mut headers = reqwest::header::HeaderMap::new();
    let mut token = reqwest::header::HeaderValue::from_static(TOKEN);
    token.set_sensitive(true);
    headers.insert("authorization", token);
    let context = authing_api::hooks::CallContext::new(headers, 1024);
    println!("{context:?}");
    let http = crate::features::plain_reqwest().build().unwrap();
    let client = authing_api::Client::new_with_client("http://127.0.0.1:9", http, context);
    println!("{client:?}\n{client:#?}");
}
