//! The console page in headless Chromium: a tap, an exchange, a fault and the ledger.
//!
//! Needs `chromium` and `chromedriver`. Screenshots are written to `target/tmp`.

use std::process::Stdio;

use authing_sandbox::{CodeStatus, Sandbox};
use authing_tests::eventually;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// Starts the browser's driver, which ends with the returned process.
async fn start_driver() -> (Child, String) {
    let free_port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free_port.local_addr().unwrap();
    drop(free_port);
    let process = Command::new("chromedriver")
        .arg(format!("--port={}", address.port()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver is not installed (Debian: chromium-driver)");
    let is_started = async || TcpStream::connect(address).await.is_ok();
    eventually("the start of the driver", is_started).await;
    (process, format!("http://{address}"))
}

/// The console in a browser.
struct Page(Client);

impl Page {
    async fn open(driver: &str, address: &str) -> Self {
        let screen = json!({"width": 1280, "height": 800, "pixelRatio": 1, "touch": false});
        let capabilities = json!({"browserName": "chrome", "goog:chromeOptions": {
            "args": ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--disable-background-networking", "--no-first-run", "--lang=en-US"],
            "mobileEmulation": {"deviceMetrics": screen},
        }});
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        let client = builder.connect(driver).await.unwrap();
        client.goto(address).await.unwrap();
        Self(client)
    }

    /// Waits until there is an element whose visible text contains these words.
    async fn wait(&self, selector: &str, words: &str) {
        let is_there = async || {
            let text = async { self.0.find(Locator::Css(selector)).await?.text().await };
            text.await.is_ok_and(|text| text.contains(words))
        };
        eventually(&format!("{words:?} in {selector}"), is_there).await;
    }

    /// Clicks an element as a person does: it must be visible and not covered.
    async fn click(&self, selector: &str) {
        let element = self.0.wait().for_element(Locator::Css(selector));
        element.await.unwrap().click().await.unwrap();
    }

    /// Taps the button, agrees, and waits for the code.
    async fn tap(&self, sandbox: &Sandbox) -> String {
        let count = sandbox.ledger().len();
        self.click("#tap").await;
        self.click("#allow").await;
        let is_issued = async || sandbox.ledger().len() > count;
        eventually("the code", is_issued).await;
        let code = sandbox.ledger()[count].code.clone();
        self.wait("#code", &code).await;
        self.wait("#ledger", "issued").await;
        code
    }

    /// Sends the code, which fails, and no success mark is shown.
    async fn send_in_vain(&self) {
        self.click("#send-direct").await;
        self.wait("#outcome.bad", "").await;
        let success = self.0.find(Locator::Css("#outcome.good")).await;
        assert!(success.unwrap_err().is_no_such_element());
    }

    /// Writes a screenshot, and checks that no element is wider than the space it has.
    async fn check_screen(&self, name: &str) {
        let file = format!("{}/{name}.png", env!("CARGO_TARGET_TMPDIR"));
        let image = self.0.screenshot().await.unwrap();
        std::fs::write(file, image).unwrap();
        let script = "
            const right = document.documentElement.clientWidth;
            const clipped = [...document.querySelectorAll('body *')].filter(element => {
                const box = element.getBoundingClientRect();
                const hides = getComputedStyle(element).overflowX !== 'visible';
                return box.width > 0 && (box.right > right + 1 ||
                    hides && element.scrollWidth > element.clientWidth + 1);
            });
            return clipped.map(element => element.outerHTML.slice(0, 120)).concat(
                window.innerWidth === 1280 ? [] : ['width ' + window.innerWidth])";
        let clipped = self.0.execute(script, Vec::new()).await.unwrap();
        assert_eq!(clipped, json!([]), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_an_exchange_a_fault_and_the_ledger() {
    let sandbox = Sandbox::start().unwrap();
    let (_driver, url) = start_driver().await;
    let page = Page::open(&url, sandbox.base_url()).await;
    page.check_screen("console-start").await;

    let code = page.tap(&sandbox).await;
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Issued);
    page.click("#send-direct").await;
    page.wait("#outcome.good", "13800138000").await;
    page.wait("#ledger", "consumed").await;
    page.wait("#requests", "extIdpConnidentifier").await;
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Consumed);
    page.check_screen("console-number").await;

    // The same code again fails.
    page.send_in_vain().await;
    assert_eq!(sandbox.entry(&code).unwrap().presented, 2);
    page.check_screen("console-used").await;

    // A fault that uses up the code: the page cannot know it, the ledger does.
    page.click("#fault option[value='cut-consumed']").await;
    page.click("#fault-add").await;
    page.wait("#faults", "cut").await;
    let code = page.tap(&sandbox).await;
    page.send_in_vain().await;
    let entry = sandbox.entry(&code).unwrap();
    assert_eq!((entry.status, entry.presented), (CodeStatus::Consumed, 1));
    page.check_screen("console-fault").await;
    page.0.close().await.unwrap();
}
