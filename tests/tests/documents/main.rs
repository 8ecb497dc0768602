//! What follows from the document: files that are fresh, types that agree, crates that compile.

mod agree;
mod fresh;
mod growth;
mod scratch;
mod standalone;
