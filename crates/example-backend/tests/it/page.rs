//! The page of the mini program knows every answer of the backend, and WeChat's own names.

use example_backend::answer::Action;

const SCRIPT: &str = include_str!("../../miniprogram/pages/phone/phone.js");
const VIEW: &str = include_str!("../../miniprogram/pages/phone/phone.wxml");
const SETTINGS: &str = include_str!("../../miniprogram/pages/phone/phone.json");

#[test]
fn every_action_has_its_branch() {
    let all = [
        Action::TapAgain,
        Action::Retry,
        Action::TryLater,
        Action::FixRequest,
    ];
    for action in all {
        // A new action must be thought about here and in the script.
        match action {
            Action::TapAgain | Action::Retry | Action::TryLater | Action::FixRequest => {}
        }
        let name = serde_json::to_value(action).unwrap();
        let name = name.as_str().unwrap();
        assert!(SCRIPT.contains(&format!("case '{name}':")), "{name}");
    }
    for part in ["/api/phone", "maskedPhoneNumber", "retryAfterSeconds"] {
        assert!(SCRIPT.contains(part), "{part}");
    }
}

#[test]
fn the_button_is_the_phone_button() {
    assert!(VIEW.contains(r#"open-type="getPhoneNumber""#));
    let (_, rest) = VIEW.split_once("bindgetphonenumber=\"").unwrap();
    let handler = rest.split('"').next().unwrap();
    assert!(SCRIPT.contains(&format!("  {handler}(event)")), "{handler}");
    assert!(
        !SCRIPT.contains("wx.login"),
        "its code is not the phone's code"
    );
    let settings: serde_json::Value = serde_json::from_str(SETTINGS).unwrap();
    assert!(settings.is_object());
}
