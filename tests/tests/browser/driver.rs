//! A headless Chromium behind its driver, and one page of it: the sandbox's console.

use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::FutureExt as _;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// Far more than anything here takes; it turns a hang into a failure.
const DEADLINE: Duration = Duration::from_secs(15);

/// The driver's process; it ends with the test.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    fn start() -> Self {
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let mut child = Command::new(&program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask browser` says more"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        // Whatever it says later must not fill the pipe.
        std::thread::spawn(move || lines.count());
        Self {
            child,
            url: format!("http://127.0.0.1:{}", port.unwrap()),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command of Chromium's own, beyond the standard.
#[derive(Debug)]
struct Vendor(&'static str, Value);

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.0
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}

/// The console as a person sees it.
pub(crate) struct Page {
    client: Client,
    name: &'static str,
}

/// Opens the console in a browser of its own, lets `story` use it, and closes all of it, also when
/// the story fails; then what was on the screen is kept.
pub(crate) async fn on_the_console<F: Future<Output = ()>>(
    name: &'static str,
    address: &str,
    story: impl FnOnce(Page) -> F,
) {
    let driver = Driver::start();
    let options = json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--lang=en-US", "--hide-scrollbars",
        ] },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    let Value::Object(capabilities) = options else {
        unreachable!()
    };
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&driver.url)
        .await
        .unwrap();
    let page = Page {
        client: client.clone(),
        name,
    };
    let told = AssertUnwindSafe(async {
        page.screen(1360, 900, "light").await;
        page.client.goto(address).await.unwrap();
        page.wait("#connection.live").await;
        story(page).await;
    })
    .catch_unwind()
    .await;
    if told.is_err()
        && let Ok(picture) = client.screenshot().await
    {
        keep(&format!("{name}-failed"), &picture);
    }
    let closed = client.close().await;
    if let Err(panic) = told {
        std::panic::resume_unwind(panic);
    }
    closed.unwrap();
}

/// Where screenshots are kept: artefacts of the run.
fn keep(name: &str, picture: &[u8]) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
}

impl Page {
    /// A screen of this size, in light or dark colours.
    pub(crate) async fn screen(&self, width: u32, height: u32, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
                           "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            // A picture of a movement is a picture of nothing.
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let order = json!({ "cmd": command, "params": parameters });
        let order = Vendor("goog/cdp/execute", order);
        self.client.issue_cmd(order).await.unwrap()
    }

    /// The element, once it is there and can be seen.
    pub(crate) async fn wait(&self, selector: &str) -> Element {
        let started = Instant::now();
        loop {
            if let Ok(element) = self.client.find(Locator::Css(selector)).await
                && element.is_displayed().await.unwrap_or(false)
            {
                return element;
            }
            assert!(started.elapsed() < DEADLINE, "{selector} never appeared");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the text of the element holds these words, and returns all of it.
    pub(crate) async fn wait_for_text(&self, selector: &str, words: &str) -> String {
        let started = Instant::now();
        loop {
            let text = self.text(selector).await;
            if text.contains(words) {
                return text;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "{selector} never said {words:?}, but {text:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        // What is hidden says nothing, though a browser would read it out.
        let script = "const found = document.querySelector(arguments[0]); \
                      return found === null || found.hidden ? '' : found.innerText";
        let text = self.client.execute(script, vec![selector.into()]).await;
        text.unwrap().as_str().unwrap().to_owned()
    }

    /// Clicks as a person does: the element must be visible, in reach, and not covered.
    pub(crate) async fn click(&self, selector: &str) {
        self.wait(selector).await.click().await.unwrap();
    }

    /// Chooses an entry of a list by its words.
    pub(crate) async fn choose(&self, selector: &str, words: &str) {
        self.wait(selector)
            .await
            .select_by_label(words)
            .await
            .unwrap();
    }

    /// Types over what a field holds.
    pub(crate) async fn type_over(&self, selector: &str, text: &str) {
        let field = self.wait(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses a key wherever the focus is.
    pub(crate) async fn press(&self, key: char) {
        let focused = self.client.active_element().await.unwrap();
        focused.send_keys(&key.to_string()).await.unwrap();
    }

    /// The id of the element that has the focus.
    pub(crate) async fn focused(&self) -> String {
        let id = self
            .client
            .execute("return document.activeElement.id", vec![])
            .await;
        id.unwrap().as_str().unwrap().to_owned()
    }

    /// What the page measures and the screen shows, in pixels.
    pub(crate) async fn widths(&self) -> (u64, u64) {
        let script = "return [document.scrollingElement.scrollWidth, window.innerWidth]";
        let widths = self.client.execute(script, vec![]).await.unwrap();
        (widths[0].as_u64().unwrap(), widths[1].as_u64().unwrap())
    }

    /// Keeps what is on the screen.
    pub(crate) async fn picture(&self, moment: &str) {
        let picture = self.client.screenshot().await.unwrap();
        keep(&format!("{}-{moment}", self.name), &picture);
    }

    /// What the browser has complained of since it was asked last: scripts, policy, network.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let order = Vendor("se/log", json!({ "type": "browser" }));
        let entries = self.client.issue_cmd(order).await.unwrap();
        entries
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| format!("{} {}", entry["level"], entry["message"]))
            .collect()
    }
}
