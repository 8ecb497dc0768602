//! From the document to the phone number: replies, the wire, the sandbox.

mod round_trip;
mod scenarios;
mod wire;
