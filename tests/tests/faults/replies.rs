//! Any reply: random bends of the listed ones, at a size that suits every run.
//!
//! Broken on purpose: a success without all three values, and a `requestId` that is not handed on,
//! each turn `any_reply_is_read_or_refused` red.

use crate::proofs::bend::Case;
use crate::proofs::replies::{Exchange, judged, prove_cuts, prove_random};
use authing_tests::scenarios::replies;

#[test]
fn any_reply_is_read_or_refused() {
    println!(
        "{}",
        prove_random(2_000).unwrap_or_else(|why| panic!("{why}"))
    );
}

#[test]
fn a_reply_cut_off_anywhere_is_refused() {
    println!("{}", prove_cuts(16).unwrap_or_else(|why| panic!("{why}")));
}

/// The control: an outcome that does not fit its body is caught.
#[test]
fn a_wrong_reading_is_caught() {
    let exchange = Exchange::start();
    let list = replies();
    let case = |name: &str| {
        let listed = list.iter().find(|each| each.name == name).unwrap();
        Case::plain(listed)
    };
    let outcome = |case: &Case| {
        let reply = authing_tests::judge::Reply::new(case.http_status).body(case.body());
        exchange.of(reply)
    };
    let good = case("documented");
    let refused = case("wechat_40029");
    let (success, failure) = (outcome(&good), outcome(&refused));
    assert!(success.is_ok() && failure.is_err());
    assert_eq!(judged(200, Some(&good.body()), &success), Ok(()));
    assert_eq!(judged(200, Some(&refused.body()), &failure), Ok(()));
    // A success although the body refuses; another's number; an envelope that was lost.
    assert!(judged(200, Some(&refused.body()), &success).is_err());
    assert!(judged(200, Some(&case("hong_kong").body()), &success).is_err());
    assert!(judged(200, Some(&case("status_500").body()), &failure).is_err());
    assert!(judged(200, Some(b"<html>"), &success).is_err());
}
