//! A call: its deadline, its attempts and their retries.

use std::pin::pin;
use std::time::SystemTime;

use authing_api::Client;
use authing_api::context::CallContext;
use authing_api::envelope::Envelope;
use reqwest::header::RETRY_AFTER;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use crate::classify::classify;
use crate::client::Shared;
use crate::error::{Error, Result};
use crate::kind::ErrorKind;
use crate::observe;
use crate::operation::Operation;
use crate::options::Options;
use crate::outcome::outcome;
use crate::retry;

/// Carries out an operation.
pub(crate) async fn call<O: Operation>(
    shared: &Shared,
    operation: &O,
    options: &Options,
) -> Result<O::Output> {
    if Handle::try_current().is_err() {
        let text = "no tokio runtime; make the call in one, or use the blocking client";
        return Err(Error::config(text));
    }
    let deadline = options.deadline(shared.timeout)?;
    let mut attempts = 0;
    loop {
        attempts += 1;
        let error = match attempt(shared, operation, options, attempts, deadline).await {
            Ok(output) => return Ok(output),
            Err(error) => error,
        };
        let remaining = deadline.saturating_duration_since(Instant::now());
        match retry::wait(&shared.retry, &error, remaining, fastrand::f64()) {
            None => return Err(error),
            Some(wait) => sleep(wait).await,
        }
    }
}

/// Sends one request and reads its response.
async fn attempt<O: Operation>(
    shared: &Shared,
    operation: &O,
    options: &Options,
    attempts: u32,
    deadline: Instant,
) -> Result<O::Output> {
    let url = shared.host.clone();
    let context = CallContext::new(url, options.headers()?, shared.max_response_bytes);
    let api = Client::new_with_client(shared.http.clone(), context);
    let span = observe::start(shared.host.url(), O::PATH, attempts);
    // Pinned here, because it is too large to be moved.
    let mut exchange = pin!(operation.send(&api).instrument(span));
    let outcome = match timeout_at(deadline, exchange.as_mut()).await {
        Ok(sent) => outcome(sent),
        Err(_) => Err(ErrorKind::Timeout.into()),
    };
    let span = exchange.span();
    if let Ok(response) = &outcome {
        observe::response(span, response);
    }
    let result = conclude(operation, outcome, api.context(), attempts);
    observe::end(span, api.context().http_status(), result.as_ref().err());
    result
}

/// Turns the outcome of an attempt into its result.
fn conclude<O: Operation>(
    operation: &O,
    outcome: Result<O::Response>,
    context: &CallContext,
    attempts: u32,
) -> Result<O::Output> {
    let http_status = context.http_status();
    let class = |status_code, errcode| {
        let is_explicit_rejection = context.explicit_rejection();
        let http_status = http_status.unwrap_or_default();
        classify(http_status, status_code, errcode, is_explicit_rejection)
    };
    let (class, mut error) = match outcome {
        Ok(mut response) => {
            let class = class(response.status_code(), response.errcode());
            if class.is_none()
                && let Some(output) = O::map(&mut response)
            {
                return Ok(output);
            }
            // A success that cannot be mapped is an unexpected response.
            let mut error = Error::from(ErrorKind::UnexpectedResponse);
            error.0.response = Some(Box::new(response));
            error.0.hint = operation.hint();
            (class, error)
        }
        Err(error) if error.kind() == ErrorKind::UnexpectedResponse => (class(None, None), error),
        Err(error) => (None, error),
    };
    let facts = &mut *error.0;
    facts.class = class.unwrap_or(facts.class);
    facts.without_code = !O::HAS_CODE;
    facts.attempts = attempts;
    facts.http_status = http_status;
    facts.retry_after = context
        .headers()
        .and_then(|headers| headers.get(RETRY_AFTER))
        .and_then(|value| retry::retry_after(value.as_bytes(), SystemTime::now()));
    Err(error)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use authing_api::types::GetWechatMiniProgramPhoneRespDto as Response;
    use progenitor_client::Error as ApiError;

    use super::*;
    use crate::kind::CodeState;
    use crate::operation::Sent;
    use crate::{AuthenticationClient, RetryPolicy};

    const TIMEOUT: Duration = Duration::from_secs(1);
    /// In the place of a response: the connection is refused.
    const REFUSED: &str = "";
    /// Without a head, which only a real response has, this is an unexpected response.
    const SUCCESS: &str = r#"{"statusCode":200}"#;

    /// An operation without network: each attempt takes a while and ends with the next body.
    struct Scripted(Mutex<Vec<&'static str>>, Duration);

    impl Operation for Scripted {
        const PATH: &'static str = "/";
        const HAS_CODE: bool = true;
        type Response = Response;
        type Output = ();

        fn check(&self) -> std::result::Result<(), String> {
            Ok(())
        }

        async fn send<'a>(&'a self, _: &'a Client) -> Sent<Response> {
            let body = self.0.lock().unwrap().remove(0);
            sleep(self.1).await;
            if body == REFUSED {
                let client = reqwest::Client::builder().no_proxy().build()?;
                let sent = client.get("http://127.0.0.1:9").send().await;
                return Err(ApiError::CommunicationError(sent.unwrap_err()));
            }
            Ok(serde_json::from_str(body).unwrap())
        }

        fn map(_: &mut Response) -> Option<()> {
            Some(())
        }
    }

    fn client(retry: RetryPolicy) -> AuthenticationClient {
        let builder = AuthenticationClient::builder().retry(retry).app_id("app");
        builder.app_host("http://127.0.0.1:9").build().unwrap()
    }

    /// Runs a call of which each attempt takes so many milliseconds. Returns its error, and the
    /// time that it took.
    async fn run(bodies: &[&'static str], each: u64, retry: RetryPolicy) -> (Error, Duration) {
        let operation = Scripted(Mutex::new(bodies.to_vec()), Duration::from_millis(each));
        let client = client(retry);
        let options = Options {
            timeout: Some(TIMEOUT),
            ..Options::default()
        };
        assert_eq!(operation.hint(), None);
        let start = Instant::now();
        let call = call(&client.shared, &operation, &options);
        let result = timeout_at(start + 100 * TIMEOUT, call).await.unwrap();
        let error = result.unwrap_err();
        let left = operation.0.lock().unwrap().len();
        assert_eq!(error.attempts() as usize, bodies.len() - left);
        (error, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn only_an_unused_code_is_sent_again() {
        for (retry, attempts) in [
            (RetryPolicy::never(), 1),
            (RetryPolicy::default().max_retries(1), 2),
            (RetryPolicy::default(), 3),
        ] {
            let (error, took) = run(&[REFUSED; 4], 0, retry).await;
            assert_eq!((error.is_retryable(), error.attempts()), (true, attempts));
            // Full jitter: at most 100 ms, then at most 200 ms.
            assert!(took < Duration::from_millis(305), "{took:?}");
        }
        for body in [SUCCESS, r#"{"statusCode":429}"#, r#"{"errcode":45011}"#] {
            let (error, _) = run(&[REFUSED, body, SUCCESS], 0, RetryPolicy::default()).await;
            let result = (error.is_retryable(), error.attempts());
            assert_eq!(result, (false, 2), "{body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_includes_all_attempts() {
        for (bodies, each) in [(&[SUCCESS][..], 60_000), (&[REFUSED, SUCCESS], 600)] {
            let (error, took) = run(bodies, each, RetryPolicy::default()).await;
            let (kind, code_state) = (error.kind(), error.code_state());
            assert_eq!((kind, code_state), (ErrorKind::Timeout, CodeState::Unknown));
            let in_time = TIMEOUT..TIMEOUT + Duration::from_millis(10);
            assert!(error.is_timeout() && in_time.contains(&took), "{took:?}");
            assert!(error.to_string().contains("ask the user to tap again"));
        }
    }

    #[test]
    fn a_call_without_a_runtime_is_a_config_error() {
        let client = client(RetryPolicy::never());
        let shown = format!("{client:?} {:?}", AuthenticationClient::builder());
        assert!(shown.contains("127.0.0.1:9") && shown.ends_with("Builder { .. }"));
        let request = client.get_wechat_miniprogram_phone("c0de", "my-wxapp");
        let shown = format!("{request:?}");
        assert!(shown.starts_with("Request {") && !shown.contains("c0de"));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let polled = request.into_future().as_mut().poll(&mut context);
        assert!(format!("{polled:?}").contains("invalid configuration: no tokio runtime"));
    }
}
