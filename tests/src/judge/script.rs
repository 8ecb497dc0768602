//! The script: which action meets which connection and which request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Action, Reply, Request};

/// Decides what the judge does; cheap to clone, clones share their place in a sequence.
#[derive(Clone)]
pub struct Script(Arc<Kind>);

enum Kind {
    Sequence {
        actions: Vec<Action>,
        next: AtomicUsize,
    },
    ByRequest(Box<dyn Fn(&Request) -> Action + Send + Sync>),
    ByConnection(Box<dyn Fn(usize) -> Script + Send + Sync>),
}

impl Script {
    /// The same action for every request.
    #[must_use]
    pub fn always(action: impl Into<Action>) -> Self {
        Self::sequence([action.into()])
    }

    /// One action after another, over all connections; the last repeats. A request takes its
    /// action with its first byte; a [`CutAt::Accept`](super::CutAt::Accept) is taken by the
    /// connection that is accepted while it is next.
    ///
    /// # Panics
    ///
    /// If there is no action.
    #[must_use]
    pub fn sequence(actions: impl IntoIterator<Item = Action>) -> Self {
        let actions: Vec<Action> = actions.into_iter().collect();
        assert!(!actions.is_empty(), "a script needs at least one action");
        Self(Arc::new(Kind::Sequence {
            actions,
            next: AtomicUsize::new(0),
        }))
    }

    /// The action is made from the complete request.
    #[must_use]
    pub fn by_request(decide: impl Fn(&Request) -> Action + Send + Sync + 'static) -> Self {
        Self(Arc::new(Kind::ByRequest(Box::new(decide))))
    }

    /// Each connection has a script of its own, made from its number (0 is the first).
    #[must_use]
    pub fn by_connection(decide: impl Fn(usize) -> Script + Send + Sync + 'static) -> Self {
        Self(Arc::new(Kind::ByConnection(Box::new(decide))))
    }

    /// The script of one connection.
    pub(crate) fn for_connection(&self, number: usize) -> Self {
        match &*self.0 {
            Kind::ByConnection(decide) => decide(number).for_connection(number),
            _ => self.clone(),
        }
    }

    /// The action that acts on accept, if that is what comes next; it is used up.
    pub(crate) fn take_at_accept(&self) -> Option<Action> {
        let Kind::Sequence { actions, next } = &*self.0 else {
            return None;
        };
        let taken = next.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |at| {
            actions[at.min(actions.len() - 1)]
                .cuts_at_accept()
                .then_some(at + 1)
        });
        taken
            .ok()
            .map(|at| actions[at.min(actions.len() - 1)].clone())
    }

    /// The action for the request whose first byte has come, if it is known without the rest.
    pub(crate) fn take_at_first_byte(&self) -> Option<Action> {
        let Kind::Sequence { actions, next } = &*self.0 else {
            return None;
        };
        let at = next.fetch_add(1, Ordering::SeqCst);
        Some(actions[at.min(actions.len() - 1)].clone())
    }

    /// The action for a complete request whose action was not known before.
    pub(crate) fn decide(&self, request: &Request) -> Action {
        match &*self.0 {
            Kind::ByRequest(decide) => decide(request),
            Kind::ByConnection(decide) => decide(request.connection).decide(request),
            Kind::Sequence { .. } => self.take_at_first_byte().expect("a sequence has actions"),
        }
    }
}

impl From<Action> for Script {
    fn from(action: Action) -> Self {
        Self::always(action)
    }
}

impl From<Reply> for Script {
    fn from(reply: Reply) -> Self {
        Self::always(reply)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Sequence { actions, next } => f
                .debug_struct("Sequence")
                .field("actions", actions)
                .field("next", next)
                .finish(),
            Kind::ByRequest(_) => f.write_str("ByRequest"),
            Kind::ByConnection(_) => f.write_str("ByConnection"),
        }
    }
}
