//! What the doctor found: steps with their time, what was found, and what to do about it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use authing::ErrorKind;
use serde::Serialize;

use crate::output::one_line;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Passed,
    /// Nothing is wrong for certain, but somebody should look.
    Doubtful,
    Failed,
    /// Not done: an earlier step failed, or it does not apply.
    Skipped,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) state: State,
    pub(super) milliseconds: Option<u64>,
    pub(super) found: String,
    /// Whether what was found is only likely.
    pub(super) guess: bool,
    pub(super) remedy: Option<String>,
    /// The kind of failure that a call would meet, for the exit status.
    #[serde(skip)]
    pub(super) kind: Option<ErrorKind>,
}

impl Step {
    fn new(name: &'static str, state: State, found: impl Into<String>) -> Self {
        Self {
            name,
            state,
            milliseconds: None,
            found: found.into(),
            guess: false,
            remedy: None,
            kind: None,
        }
    }

    pub(super) fn passed(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, State::Passed, found)
    }

    pub(super) fn doubtful(
        name: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..Self::new(name, State::Doubtful, found)
        }
    }

    pub(super) fn failed(
        name: &'static str,
        kind: ErrorKind,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            remedy: Some(remedy.into()),
            kind: Some(kind),
            ..Self::new(name, State::Failed, found)
        }
    }

    pub(super) fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self::new(name, State::Skipped, why)
    }

    /// What was found is only likely.
    pub(super) fn guess(self) -> Self {
        Self {
            guess: true,
            ..self
        }
    }

    pub(super) fn since(self, begun: Instant) -> Self {
        self.took(begun.elapsed())
    }

    pub(super) fn took(self, time: Duration) -> Self {
        Self {
            milliseconds: Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            ..self
        }
    }

    pub(super) fn is_failed(&self) -> bool {
        self.state == State::Failed
    }
}

/// The steps as a person reads them.
pub(super) fn text(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let mark = match step.state {
            State::Passed => "ok",
            State::Doubtful => "?",
            State::Failed => "FAIL",
            State::Skipped => "-",
        };
        let time = step
            .milliseconds
            .map(|ms| format!("{ms} ms"))
            .unwrap_or_default();
        let guess = if step.guess { "a guess: " } else { "" };
        let found = one_line(&step.found);
        let _ = writeln!(
            text,
            "{mark:<5} {:<14} {time:>8}  {guess}{found}",
            step.name
        );
        if let Some(remedy) = &step.remedy {
            let _ = writeln!(text, "{:<31} -> {}", "", one_line(remedy));
        }
    }
    let verdict = match steps.iter().find(|step| step.is_failed()) {
        Some(failed) => format!("failed at: {}", failed.name),
        None if steps.iter().any(|step| step.state == State::Doubtful) => {
            "nothing failed, but see what is marked with ?".to_owned()
        }
        None => "everything works".to_owned(),
    };
    let _ = writeln!(text, "\n{verdict}");
    text
}
