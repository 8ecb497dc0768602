//! Visits every schema of a document that is only looked at.

use serde_json::Value;

use crate::corrections::walk;

/// Calls `visit` with the pointer and the value of every schema of the document, outermost first.
pub(super) fn for_each(document: &Value, visit: &mut dyn FnMut(&str, &Value)) {
    // The one walk there is lends what it visits to be changed, so it is given a copy.
    walk::schemas(&mut document.clone(), &mut |pointer, schema| {
        visit(pointer, schema);
    });
}
