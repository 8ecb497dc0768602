//! The console in a real browser: what a person does with it, and what they then see.
//!
//! Run by `cargo xtask browser`, which looks for Chromium and its driver first. Screenshots are
//! kept in `target/screenshots`.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy exempts only inside of test functions"
)]

mod backend;
mod driver;

use std::time::Duration;

use authing_sandbox::{CodeStatus, Sandbox, Shape};
use fantoccini::key::Key;

use backend::Backend;
use driver::{Page, on_the_console};

/// A sandbox that knows a backend, and the backend that knows the sandbox.
async fn pair() -> Sandbox {
    let backend = Backend::bind().await;
    let sandbox = Sandbox::builder()
        .backend(&backend.url)
        .start()
        .await
        .unwrap();
    backend.serve(sandbox.base_url());
    sandbox
}

/// Taps, agrees, and waits for the code.
async fn tap(page: &Page) -> String {
    page.click("#tap").await;
    page.click("#allow").await;
    page.wait("#step-code.done").await;
    page.text("#code").await
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_tap_to_the_phone_number_through_the_backend() {
    let sandbox = pair().await;
    on_the_console("round-trip", sandbox.base_url(), async |page| {
        page.picture("start").await;
        page.click("#tap").await;
        let asked = page.wait_for_text("#sheet", "允许").await;
        assert!(asked.contains("获取并验证你的手机号") && asked.contains("拒绝"));
        assert!(asked.contains("138****8000"), "{asked}");
        page.picture("consent").await;
        page.click("#allow").await;
        page.wait("#step-code.done").await;
        let code = page.text("#code").await;
        assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Issued);
        page.wait_for_text("#ledger", "valid until").await;
        page.click("#send-backend").await;
        // The whole number stays on the server.
        page.wait_for_text("#verdict", "138****8000").await;
        assert_eq!(page.text("#number").await, "138****8000");
        page.wait_for_text("#ledger", "#1 by sandbox-app: accepted")
            .await;
        page.wait_for_text("#requests", "phone number given").await;
        assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Consumed);
        page.picture("number").await;
        assert_eq!(page.complaints().await, Vec::<String>::new());

        // The same code again.
        page.click("#send-backend").await;
        page.wait("#verdict.bad").await;
        page.wait_for_text("#ledger", "rejected, used before").await;
        assert_eq!(page.text("#number").await, "");
        page.click("#send-direct").await;
        page.wait_for_text("#verdict", "this code has been used")
            .await;
        assert_eq!(sandbox.entry(&code).unwrap().presented, 3);
        page.picture("used-before").await;
        assert_eq!(page.complaints().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_backend_the_page_plays_one_and_any_number_can_be_typed() {
    let sandbox = Sandbox::start().await.unwrap();
    on_the_console("direct", sandbox.base_url(), async |page| {
        page.type_over("#phone-number", "+85251234567").await;
        let code = tap(&page).await;
        assert_eq!(code.len(), 64);
        page.click("#send-direct").await;
        page.wait_for_text("#verdict", "+85251234567").await;
        page.wait_for_text("#requests", "HTTP 200").await;
        page.picture("number").await;

        // A number that is none is told in the sandbox's words, and yields no code.
        page.type_over("#phone-number", "12345").await;
        page.click("#tap").await;
        page.click("#allow").await;
        page.wait_for_text("#step-code", "must be a mainland number")
            .await;
        assert_eq!(sandbox.ledger().len(), 1);

        // The wrong kind of code.
        page.click(".more summary").await;
        page.click("#login-code").await;
        page.wait_for_text("#step-code", "wrong one").await;
        page.click("#send-direct").await;
        page.wait_for_text("#verdict", "of wx.login").await;
        page.wait_for_text("#ledger", "rejected, a wx.login code")
            .await;
        page.picture("login-code").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_no_code_and_five_minutes_end_one() {
    let sandbox = pair().await;
    on_the_console("expiry", sandbox.base_url(), async |page| {
        page.click("#tap").await;
        page.click("#refuse").await;
        page.wait_for_text("#toast", "已拒绝授权").await;
        page.wait_for_text("#step-code", "fail user deny").await;
        assert!(sandbox.ledger().is_empty());

        let code = tap(&page).await;
        page.click("#clock-forward").await;
        page.wait_for_text("#ledger", "expired at").await;
        page.wait_for_text("#clock", "5 min ahead").await;
        page.click("#send-backend").await;
        page.wait("#verdict.bad").await;
        page.wait_for_text("#ledger", "rejected, too old").await;
        assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Expired);
        page.picture("expired").await;
        assert_eq!(page.complaints().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_do_what_they_say() {
    let sandbox = pair().await;
    on_the_console("faults", sandbox.base_url(), async |page| {
        // A cut that uses up the code: the backend cannot know, the ledger does.
        let code = tap(&page).await;
        page.choose("#fault", "Cut before the reply, code used up")
            .await;
        page.click("#fault-add").await;
        page.wait_for_text("#faults", "cut at request").await;
        page.click("#send-backend").await;
        page.wait_for_text("#verdict", "tap_again").await;
        page.wait_for_text("#requests", "broken on purpose").await;
        page.wait_for_text("#requests", "code used, answer spoilt")
            .await;
        page.wait_for_text("#faults", "Nothing will go wrong").await;
        let entry = sandbox.entry(&code).unwrap();
        assert_eq!((entry.status, entry.presented), (CodeStatus::Consumed, 1));
        page.picture("cut").await;

        // Straight from the page: the browser may not send the code twice either.
        let code = tap(&page).await;
        page.click("#fault-add").await;
        page.wait_for_text("#faults", "cut at request").await;
        page.click("#send-direct").await;
        page.wait_for_text("#verdict", "The list of codes knows")
            .await;
        assert_eq!(sandbox.entry(&code).unwrap().presented, 1);

        // Throttled once: the facade waits and sends the untouched code again.
        let code = tap(&page).await;
        page.choose("#fault", "HTTP 429, with Retry-After: 1").await;
        page.click("#fault-add").await;
        page.wait_for_text("#faults", "reply").await;
        page.click("#send-backend").await;
        page.wait_for_text("#verdict", "138****8000").await;
        assert_eq!(sandbox.entry(&code).unwrap().presented, 2);

        // Faults that wait can be forgotten.
        page.click("#fault-add").await;
        page.wait_for_text("#faults", "Waiting").await;
        page.click("#fault-clear").await;
        page.wait_for_text("#faults", "Nothing will go wrong").await;

        page.choose("#shape", "nested-mainland").await;
        page.choose("#latency", "0.3 s").await;
        page.choose("#rate", "1").await;
        let set = || {
            let state = sandbox.state();
            (state.shape(), state.latency(), state.rate_limit())
        };
        let wanted = (Shape::NestedMainland, Duration::from_millis(300), Some(1));
        for _ in 0..100 {
            if set() == wanted {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(set(), wanted);
        tap(&page).await;
        page.click("#send-direct").await;
        page.wait_for_text("#verdict", "13800138000").await;

        // What is set elsewhere is shown here.
        sandbox.set_shape(Shape::Html);
        let script = "#shape option:checked";
        for _ in 0..100 {
            if page.text(script).await == "html" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(page.text(script).await, "html");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough() {
    let sandbox = Sandbox::start().await.unwrap();
    on_the_console("keyboard", sandbox.base_url(), async |page| {
        page.press(Key::Tab.into()).await;
        assert_eq!(page.focused().await, "tap");
        page.press(Key::Enter.into()).await;
        page.wait("#sheet").await;
        assert_eq!(page.focused().await, "allow");
        // The sheet keeps the focus to itself, and Escape refuses.
        page.press(Key::Escape.into()).await;
        page.wait_for_text("#toast", "已拒绝授权").await;
        assert_eq!(page.focused().await, "tap");
        page.press(Key::Enter.into()).await;
        page.wait("#sheet").await;
        page.press(Key::Enter.into()).await;
        page.wait("#step-code.done").await;
        assert_eq!(page.focused().await, "send-direct");
        page.press(Key::Enter.into()).await;
        page.wait_for_text("#verdict", "+8613800138000").await;
        assert_eq!(page.complaints().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_screen_and_the_dark_are_enough() {
    let sandbox = Sandbox::start().await.unwrap();
    on_the_console("small", sandbox.base_url(), async |page| {
        page.screen(360, 740, "light").await;
        page.picture("start").await;
        tap(&page).await;
        page.click("#send-direct").await;
        page.wait_for_text("#verdict", "+8613800138000").await;
        page.picture("number").await;
        page.wait_for_text("#requests", "phone number given").await;
        page.click("#requests summary").await;
        page.wait_for_text("#requests pre", "x-authing-app-id")
            .await;
        let (page_width, screen_width) = page.widths().await;
        assert_eq!((page_width, screen_width), (360, 360));
        page.screen(360, 2600, "light").await;
        page.picture("whole").await;
        page.screen(1360, 900, "dark").await;
        page.picture("dark").await;
    })
    .await;
}
