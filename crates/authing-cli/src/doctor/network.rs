//! The steps below TLS: the name, and the connection.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use authing::ErrorKind;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::{Host, Url};

use super::report::Step;
use super::{NAMES, PATIENCE};

/// Looks the host's name up.
pub(super) async fn resolve(url: &Url) -> (Step, Option<Vec<SocketAddr>>) {
    let name = NAMES[1];
    let begun = Instant::now();
    let port = url.port_or_known_default().unwrap_or_default();
    let host = match url.host() {
        Some(Host::Ipv4(address)) => return literal((address, port).into()),
        Some(Host::Ipv6(address)) => return literal((address, port).into()),
        Some(Host::Domain(host)) => host,
        None => return (Step::skipped(name, "no host"), None),
    };
    let failed = |found: String| {
        let remedy = "check the spelling of the host, and this machine's name server";
        let step = Step::failed(name, ErrorKind::Connect, found, remedy);
        (step.since(begun), None)
    };
    match timeout(PATIENCE, lookup_host((host, port))).await {
        Err(_) => failed(format!("no answer about {host} within {PATIENCE:?}")),
        Ok(Err(error)) => failed(format!("{host} has no address: {error}")),
        Ok(Ok(found)) => {
            let addresses: Vec<SocketAddr> = found.collect();
            if addresses.is_empty() {
                return failed(format!("{host} has no address"));
            }
            let shown: Vec<String> = addresses.iter().map(|each| each.ip().to_string()).collect();
            let step = Step::passed(name, format!("{host} is {}", shown.join(", ")));
            (step.since(begun), Some(addresses))
        }
    }
}

fn literal(address: SocketAddr) -> (Step, Option<Vec<SocketAddr>>) {
    let step = Step::skipped(NAMES[1], format!("{} is an address", address.ip()));
    (step, Some(vec![address]))
}

/// Connects to the first of the addresses that lets it.
pub(super) async fn connect(addresses: &[SocketAddr]) -> (Step, Option<TcpStream>) {
    let name = NAMES[2];
    let begun = Instant::now();
    let mut failures = Vec::new();
    for address in addresses {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let step = Step::passed(name, format!("connected to {address}"));
                return (step.since(begun), Some(stream));
            }
            Ok(Err(error)) => failures.push((*address, error)),
            Err(_) => failures.push((*address, io::ErrorKind::TimedOut.into())),
        }
    }
    let found: Vec<String> = failures
        .iter()
        .map(|(address, error)| format!("{address}: {}", in_words(error)))
        .collect();
    let remedy = match failures.first().map(|(_, error)| error.kind()) {
        Some(io::ErrorKind::ConnectionRefused) => {
            "nothing listens there: check host and port, and whether the service runs"
        }
        Some(io::ErrorKind::TimedOut) => {
            "the address is wrong, or a firewall drops the packets: check what this machine may \
             connect to"
        }
        _ => "check this machine's network, and its way to the host",
    };
    let step = Step::failed(name, ErrorKind::Connect, found.join("; "), remedy);
    (step.since(begun), None)
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
        io::ErrorKind::TimedOut => format!("no answer within {PATIENCE:?}"),
        _ => error.to_string(),
    }
}
