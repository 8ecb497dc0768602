//! The stub as its own program: prints its address and answers until its input ends.

#![expect(clippy::print_stdout, reason = "the address is what it prints")]

use std::io::Read;

fn main() {
    println!("{}", authing_benches::stub::start());
    // Whoever started it holds the other end; a stub nobody waits for must not linger.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
