//! The console page in headless Chromium: a tap, an exchange, a fault and the ledger.
//!
//! Needs `chromium` and `chromedriver`. Screenshots are written to `target/screenshots`.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use authing_sandbox::{CodeStatus, Sandbox};
use authing_tests::eventually;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// Much longer than any step takes.
const DEADLINE: Duration = Duration::from_secs(15);

/// The driver's process, which ends with the test.
struct Driver {
    process: Child,
    url: String,
}

impl Driver {
    fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is not installed (Debian: chromium-driver)");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        // Reads on, so that the pipe does not fill up.
        std::thread::spawn(move || lines.count());
        let url = format!("http://127.0.0.1:{}", port.unwrap());
        Self { process, url }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The console in a browser.
struct Page {
    client: Client,
}

impl Page {
    async fn open(driver: &Driver, address: &str) -> Self {
        let screen = json!({"width": 1280, "height": 800, "pixelRatio": 1, "touch": false});
        let capabilities = json!({"browserName": "chrome", "goog:chromeOptions": {
            "args": ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--disable-background-networking", "--no-first-run", "--lang=en-US"],
            "mobileEmulation": {"deviceMetrics": screen},
        }});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&driver.url)
            .await
            .unwrap();
        client.goto(address).await.unwrap();
        Self { client }
    }

    async fn script(&self, script: &str, argument: &str) -> Value {
        let value = self.client.execute(script, vec![argument.into()]).await;
        value.unwrap()
    }

    /// The visible text of an element, if there is one.
    async fn text(&self, selector: &str) -> Option<String> {
        let script = "return document.querySelector(arguments[0])?.innerText ?? null";
        let text = self.script(script, selector).await;
        text.as_str().map(str::to_owned)
    }

    /// Waits until there is an element whose visible text contains these words.
    async fn wait(&self, selector: &str, words: &str) {
        let begun = Instant::now();
        loop {
            let text = self.text(selector).await;
            if text.as_ref().is_some_and(|text| text.contains(words)) {
                return;
            }
            assert!(
                begun.elapsed() < DEADLINE,
                "{selector}: no {words:?} in {text:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks an element as a person does: it must be visible and not covered.
    async fn click(&self, selector: &str) {
        let wait = self.client.wait().at_most(DEADLINE);
        let element = wait.for_element(Locator::Css(selector)).await.unwrap();
        element.click().await.unwrap();
    }

    /// Writes a screenshot, and checks that no element is wider than the space it has.
    async fn check_screen(&self, name: &str) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let image = self.client.screenshot().await.unwrap();
        std::fs::write(folder.join(format!("{name}.png")), image).unwrap();
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
        assert_eq!(self.script(script, "").await, json!([]), "{name}");
    }
}

/// Taps the button, agrees, and waits for the code.
async fn tap(page: &Page, sandbox: &Sandbox) -> String {
    let count = sandbox.ledger().len();
    page.click("#tap").await;
    page.click("#allow").await;
    eventually("the code", || sandbox.ledger().len() > count).await;
    let code = sandbox.ledger()[count].code.clone();
    page.wait("#code", &code).await;
    page.wait("#ledger", "issued").await;
    code
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_an_exchange_a_fault_and_the_ledger() {
    let sandbox = Sandbox::start().await.unwrap();
    let driver = Driver::start();
    let page = Page::open(&driver, sandbox.base_url()).await;
    page.check_screen("console-start").await;

    let code = tap(&page, &sandbox).await;
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Issued);
    page.click("#send-direct").await;
    page.wait("#outcome.good", "13800138000").await;
    page.wait("#ledger", "consumed").await;
    page.wait("#requests", "extIdpConnidentifier").await;
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Consumed);
    page.check_screen("console-number").await;

    // The same code again fails, and no success mark remains.
    page.click("#send-direct").await;
    page.wait("#outcome.bad", "").await;
    assert_eq!(page.text("#outcome.good").await, None);
    assert_eq!(sandbox.entry(&code).unwrap().presented, 2);
    page.check_screen("console-used").await;

    // A fault that uses up the code: the page cannot know it, the ledger does.
    page.click("#fault option[value='cut-consumed']").await;
    page.click("#fault-add").await;
    page.wait("#faults", "cut").await;
    let code = tap(&page, &sandbox).await;
    page.click("#send-direct").await;
    page.wait("#outcome.bad", "").await;
    assert_eq!(page.text("#outcome.good").await, None);
    let entry = sandbox.entry(&code).unwrap();
    assert_eq!((entry.status, entry.presented), (CodeStatus::Consumed, 1));
    page.check_screen("console-fault").await;
    page.client.close().await.unwrap();
}
