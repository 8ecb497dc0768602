//! From the document to the phone number: replies, the wire, the generated code, the sandbox.

mod documents;
mod round_trip;
mod scenarios;
mod wire;
