//! What follows from the document: files that are fresh, types that agree, crates that compile.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod agree;
mod fresh;
mod growth;
mod scratch;
mod standalone;
