//! The bytes on the wire: exactly the documented request, whatever features or settings reqwest has.

use std::future::IntoFuture;
use std::time::Duration;

use authing::ErrorKind;
use authing_sandbox::{CutAt, Fault, Sandbox};
use authing_tests::certs::Identity;
use authing_tests::{
    APP_ID, CODE, CONNECT, CONNECTION, SERVICE, SUCCESS, UNEXPECTED, WIDE, builder, call, child,
    class, closing_server, eventually, parts, request, response, sandbox_with, server,
};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

const USER_AGENT: &str = concat!("authing-rust/", env!("CARGO_PKG_VERSION"));

/// A server whose responses claim to be compressed, and set a cookie.
fn succeeding() -> Sandbox {
    let headers = "content-encoding: gzip\r\nset-cookie: a=b\r\n";
    server(response(200, headers, SUCCESS))
}

/// Asserts that this request of the server is the documented one with these header lines, which
/// replace earlier ones of the same name.
#[track_caller]
fn assert_request(server: &Sandbox, number: usize, lines: &[&str]) {
    let body = format!(r#"{{"code":"{CODE}","extIdpConnidentifier":"{CONNECTION}"}}"#);
    let mut expected = vec![
        "POST /api/v3/get-wechat-miniprogram-phone HTTP/1.1".to_owned(),
        "accept: application/json".to_owned(),
        format!("content-length: {}", body.len()),
        "content-type: application/json".to_owned(),
        format!("host: {}", server.address()),
        format!("user-agent: {USER_AGENT}"),
        format!("x-authing-app-id: {APP_ID}"),
    ];
    for line in lines {
        let name = line.split(':').next();
        expected.retain(|earlier| earlier.split(':').next() != name);
        expected.push((*line).to_owned());
    }
    expected[1..].sort();
    let (head, found_body) = parts(&server.requests()[number]);
    let mut found: Vec<&str> = head.split("\r\n").collect();
    found[1..].sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(found_body, body);
}

#[tokio::test]
async fn each_option_adds_exactly_its_header() {
    let server = succeeding();
    call(builder(server.base_url())).await.unwrap();
    assert_request(&server, 0, &[]);
    let client = builder(server.base_url())
        .app_id("the-app")
        .userpool_id("the-pool")
        .lang("en-US")
        .user_agent("shop/1.2")
        .build()
        .unwrap();
    let agent = format!("user-agent: shop/1.2 {USER_AGENT}");
    let of_client = [
        &agent,
        "x-authing-app-id: the-app",
        "x-authing-userpool-id: the-pool",
        "x-authing-lang: en-US",
    ];
    for (number, address) in [1, 3].into_iter().zip(["203.0.113.7", "2001:db8::1"]) {
        let with_options = request(&client).access_token("the-token").lang("ja-JP");
        let with_options = with_options.real_ip(address.parse().unwrap());
        with_options.timeout(WIDE).await.unwrap();
        let of_call = [
            "authorization: Bearer the-token",
            "x-authing-lang: ja-JP",
            &format!("x-real-ip: {address}"),
        ];
        assert_request(&server, number, &[&of_client[..], &of_call].concat());
        // The options of a call end with it.
        request(&client).await.unwrap();
        assert_request(&server, number + 1, &of_client);
    }
    assert_eq!((server.request_count(), server.connections().len()), (5, 2));
    // Control: plain reqwest accepts compressed bodies and returns cookies.
    let plain = plain(reqwest::Client::builder().cookie_store(true), &server);
    for _ in 0..2 {
        let response = plain.try_clone().unwrap().send().await.unwrap();
        assert!(response.text().await.unwrap_err().is_decode());
    }
    let (head, _) = parts(&server.requests()[6]);
    assert!(head.contains("accept-encoding: ") && head.contains("cookie: a=b"));
}

/// A request without the client's guarantees, for the controls.
fn plain(builder: reqwest::ClientBuilder, server: &Sandbox) -> reqwest::RequestBuilder {
    let client = builder.build().unwrap();
    client.post(format!("{}/x", server.base_url()))
}

fn retry_everything() -> reqwest::retry::Builder {
    reqwest::retry::for_host("127.0.0.1")
        .max_retries_per_request(5)
        .no_budget()
        .classify_fn(|request| request.retryable())
}

/// Headers of these names, each with a value that no header of a request has.
fn headers(names: &'static str) -> HeaderMap {
    let header = |name| (HeaderName::from_static(name), HeaderValue::from_static("3"));
    names.split(' ').map(header).collect()
}

/// A builder with every setting that could break a guarantee.
fn hostile() -> reqwest::ClientBuilder {
    let names = "host x-authing-app-id content-type accept user-agent";
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::limited(10))
        .referer(true)
        .gzip(true)
        .brotli(true)
        .zstd(true)
        .deflate(true)
        .http2_prior_knowledge()
        .http09_responses()
        .http1_ignore_invalid_headers_in_responses(true)
        .https_only(true)
        .connection_verbose(true)
        .connect_timeout(Duration::from_secs(100))
        .pool_idle_timeout(None)
        .user_agent("theirs/1.0")
        .default_headers(headers(names))
        .retry(retry_everything())
        .tls_danger_accept_invalid_certs(true)
        .tls_danger_accept_invalid_hostnames(true)
}

#[tokio::test]
async fn settings_of_the_callers_builder_do_not_change_the_request() {
    let server = succeeding();
    let hostile = builder(server.base_url()).http_client_builder(hostile());
    call(hostile).await.unwrap();
    assert_request(&server, 0, &[]);
    // Additional default headers are sent, except those that would change the framing.
    let with_headers = |names| {
        let theirs = reqwest::Client::builder().default_headers(headers(names));
        builder(server.base_url()).http_client_builder(theirs)
    };
    call(with_headers("x-gateway-key")).await.unwrap();
    assert_request(&server, 1, &["x-gateway-key: 3"]);
    for framing in ["content-length", "transfer-encoding"] {
        let error = with_headers(framing).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_response_causes_a_second_request() {
    let second = succeeding();
    let statuses = [408, 421, 500, 502, 503];
    let mut responses = statuses.map(|status| response(status, "", "")).to_vec();
    // Without a head, as in HTTP/0.9.
    responses.push(SUCCESS.into());
    responses.push(response(429, "transfer-encoding : chunked\r\n", ""));
    let (absolute, relative) = (second.base_url(), format!("//{}/", second.address()));
    for location in [absolute, &relative, "/elsewhere", "http://1.2.3.256/"] {
        let header = format!("location: {location}\r\n");
        let redirect = |status| response(status, &header, "");
        responses.extend([301, 302, 303, 307, 308].map(redirect));
    }
    for bytes in responses {
        let what = String::from_utf8_lossy(&bytes).into_owned();
        let is_failure = what.starts_with("HTTP/1.1 5");
        let expected = if is_failure { SERVICE } else { UNEXPECTED };
        let first = closing_server(bytes);
        let builder = || builder(first.base_url());
        for builder in [builder(), builder().http_client_builder(hostile())] {
            let error = call(builder).await.unwrap_err();
            assert_eq!(class(&error), expected, "{what}");
        }
        assert_eq!(first.request_count(), 2, "{what}");
    }
    assert_eq!(second.connections().len(), 0);
    // Control: plain reqwest hands the code to the second server.
    let header = format!("location: {}/x\r\n", second.base_url());
    let first = server(response(307, &header, ""));
    let following = plain(reqwest::Client::builder(), &first);
    following.body(CODE).send().await.unwrap();
    assert_eq!(parts(&second.requests()[0]).1, CODE);
    // Control: with this policy it sends a request again.
    let server = server(response(503, "", ""));
    let retrying = reqwest::Client::builder().retry(retry_everything());
    plain(retrying, &server).send().await.unwrap();
    assert_eq!(server.request_count(), 6);
}

#[tokio::test]
async fn proxies_of_the_environment_do_not_apply_to_loopback() {
    if let Some(url) = child::variable("URL") {
        let _ = call(builder(url).allow_plain_http(true)).await;
        return;
    }
    let proxy = server(response(502, "", ""));
    let server = succeeding();
    let localhost = format!("http://localhost:{}", server.address().port());
    let other_host = "http://host.invalid".to_owned();
    let by_address = server.base_url().to_owned();
    for (url, by_proxy) in [(by_address, 0), (localhost, 0), (other_host, 1)] {
        let names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        let mut variables = names.map(|name| (name, proxy.base_url())).to_vec();
        variables.extend([("NO_PROXY", ""), ("URL", &url)]);
        let test = "transport::proxies_of_the_environment_do_not_apply_to_loopback";
        child::run(test, &variables);
        assert_eq!(proxy.request_count(), by_proxy, "{url}");
    }
    assert_eq!(server.request_count(), 2);
}

#[tokio::test]
async fn a_proxy_that_rejects_the_tunnel_gets_no_code() {
    let malformed = ["not HTTP\r\n\r\n", "HTTP/1.1 2", ""].map(|text| text.as_bytes().to_vec());
    let rejections = [400, 403, 407, 429, 500, 503].map(|status| response(status, "", ""));
    for bytes in rejections.into_iter().chain(malformed) {
        let what = String::from_utf8_lossy(&bytes).into_owned();
        let proxy = server(bytes);
        let builder = builder("https://host.invalid").proxy(proxy.base_url());
        let builder = builder.connect_timeout(Duration::from_millis(400));
        let error = call(builder).await.unwrap_err();
        let got = (class(&error), error.attempts());
        assert_eq!(got, (CONNECT, 3), "{what}: {error:?}");
        for request in proxy.requests() {
            let request = String::from_utf8(request.bytes).unwrap();
            assert!(request.starts_with("CONNECT host.invalid:443 "), "{what}");
            assert!(!request.contains(CODE), "{what}");
        }
    }
}

/// A connection becomes idle while another call waits for a handshake that does not end.
#[tokio::test]
async fn a_zero_pool_idle_timeout_never_reuses_a_connection() {
    let ca = Identity::ca("pool");
    for (idle, expected) in [
        (Duration::ZERO, ErrorKind::Timeout),
        (Duration::from_secs(4), ErrorKind::CodeRejected),
    ] {
        let sandbox = Sandbox::builder()
            .tls(ca.server().server_config(rustls::ALL_VERSIONS, None))
            .latency(Duration::from_millis(200));
        let sandbox = sandbox.start().unwrap();
        let builder = builder(sandbox.base_url()).add_root_certificate_pem(ca.certificate.pem());
        let client = builder.pool_idle_timeout(idle).build().unwrap();
        let first = tokio::spawn(request(&client).into_future());
        eventually("a request", async || sandbox.request_count() == 1).await;
        sandbox.push_fault(Fault::stall(CutAt::Accept)).unwrap();
        let second = request(&client).timeout(Duration::from_secs(2)).await;
        assert_eq!(second.unwrap_err().kind(), expected);
        first.await.unwrap().unwrap_err();
        assert_eq!(sandbox.connections().len(), 2);
    }
}

/// HTTP/1.1 cannot tell a response that nobody asked for from the next one, so a connection with
/// such bytes must not be used.
#[tokio::test]
async fn bytes_on_an_idle_connection_retire_it() {
    let again = Fault::twice().after(Duration::from_millis(20));
    let server = sandbox_with(again.permanent());
    let client = builder(server.base_url()).build().unwrap();
    for number in ["13800138000", "13800138001", "13800138002"] {
        let code = server.issue_code(number).unwrap();
        let call = client.get_wechat_miniprogram_phone(code, CONNECTION);
        let reply = call.await.unwrap();
        assert_eq!(reply.data.pure_phone_number.as_str(), number);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(server.connections().len(), 3);
}
