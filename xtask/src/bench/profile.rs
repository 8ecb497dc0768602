//! Where the instructions of a call go, crate by crate, from callgrind's files.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// What less than this has a share in is summed up.
const SMALL: f64 = 100.0;

/// Prints the crates of two functions side by side, the largest first.
pub(super) fn show(functions: [(&str, &Path); 2], calls: f64) -> Result<()> {
    let mut crates: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    for (at, (_, file)) in functions.iter().enumerate() {
        for (name, count) in by_crate(&annotated(file)?)? {
            crates.entry(name).or_default()[at] += count / calls;
        }
    }
    let (small, mut large): (Vec<_>, Vec<_>) = crates
        .into_iter()
        .partition(|(_, counts)| counts.iter().all(|count| *count < SMALL));
    large.sort_by(|one, other| other.1[1].total_cmp(&one.1[1]));
    let rest = small.iter().fold([0.0; 2], |sum, (_, counts)| {
        [sum[0] + counts[0], sum[1] + counts[1]]
    });
    large.push((format!("{} others", small.len()), rest));

    println!("\ninstructions per call, by the crate whose code they are, inlined or not\n");
    println!(
        "| {:20} | {:>9} | {:>9} | {:>10} |",
        "", functions[0].0, functions[1].0, "difference"
    );
    println!(
        "|{}|{}:|{}:|{}:|",
        "-".repeat(22),
        "-".repeat(10),
        "-".repeat(10),
        "-".repeat(11)
    );
    for (name, [one, other]) in large {
        println!(
            "| {name:20} | {one:>9.0} | {other:>9.0} | {:>+10.0} |",
            other - one
        );
    }
    Ok(())
}

/// What valgrind's own reader says of a file.
fn annotated(file: &Path) -> Result<String> {
    let output = Command::new("callgrind_annotate")
        .args([
            "--auto=no",
            "--show-percs=no",
            "--threshold=100",
            "--show=Ir",
        ])
        .arg(file)
        .output()
        .context("callgrind_annotate cannot be started; it comes with valgrind")?;
    if !output.status.success() {
        bail!("callgrind_annotate failed");
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Sums up lines such as `1,401,866  /path/to/file.rs:function [program]`.
fn by_crate(annotated: &str) -> Result<BTreeMap<String, f64>> {
    let lines = annotated
        .lines()
        .skip_while(|line| !line.contains("file:function"));
    let mut crates = BTreeMap::new();
    for line in lines.skip(1) {
        let Some((count, place)) = line.trim().split_once(' ') else {
            continue;
        };
        let Ok(count) = count.replace(',', "").parse::<f64>() else {
            continue;
        };
        *crates.entry(crate_of(place.trim())).or_default() += count;
    }
    if crates.is_empty() {
        bail!("callgrind_annotate named no function");
    }
    Ok(crates)
}

/// The crate that a source file belongs to.
fn crate_of(place: &str) -> String {
    let file = place.split(".rs:").next().unwrap_or(place);
    let after = |mark: &str| file.split_once(mark).map(|(_, rest)| rest);
    // A package of the registry is unpacked at `registry/src/INDEX/NAME-VERSION/`.
    let package = after("registry/src/").and_then(|rest| rest.split('/').nth(1));
    if let Some(package) =
        package.or_else(|| after("/rust/deps/").and_then(|r| r.split('/').next()))
    {
        let name = package.rsplit_once('-').map_or(package, |(name, _)| name);
        return name.to_owned();
    }
    if let Some(rest) = after("/library/") {
        return rest.split('/').next().unwrap_or_default().to_owned();
    }
    if let Some(rest) = after("crates/") {
        return rest.split('/').next().unwrap_or_default().to_owned();
    }
    if place.contains("malloc") {
        "malloc".to_owned()
    } else if place.contains("mem") {
        "memcpy and its like".to_owned()
    } else {
        "others of libc".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNOTATED: &str = "\
Events shown:     Ir
Ir         file:function
 1,400 ./string/../sysdeps/x86_64/multiarch/memmove-vec-unaligned-erms.S:__memcpy_avx_unaligned_erms [/libc.so.6]
   868 ./malloc/./malloc/malloc.c:_int_free [/libc.so.6]
   384 /rustc/59807/library/core/src/hash/sip.rs:<core::hash::sip::Hasher<S> as core::hash::Hasher>::write [/x]
   253 /home/me/.cargo/registry/src/index.crates.io-19/url-2.5.8/src/parser.rs:url::parser::Parser::parse_path [/x]
    47 /home/me/.cargo/registry/src/index.crates.io-19/hyper-util-0.1.21/src/client.rs:hyper_util::client [/x]
     3 /home/me/.cargo/registry/src/index.crates.io-19/url-2.5.8/src/host.rs:url::host [/x]
     2 crates/authing-api/src/hooks.rs:<core::pin::Pin<P> as core::future::future::Future>::poll [/x]
     1 ???:__rustc::__rust_alloc [/x]
";

    #[test]
    fn counts_are_summed_up_by_crate() {
        let crates = by_crate(ANNOTATED).unwrap();
        let crates: Vec<(&str, f64)> = crates.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(
            crates,
            [
                ("authing-api", 2.0),
                ("core", 384.0),
                ("hyper-util", 47.0),
                ("malloc", 868.0),
                ("memcpy and its like", 1400.0),
                ("others of libc", 1.0),
                ("url", 256.0),
            ]
        );
        assert!(by_crate("nothing").is_err());
    }
}
