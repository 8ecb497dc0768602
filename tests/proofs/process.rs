//! What the system says of a process: its memory, its sockets; read where `/proc` is to be had.

/// The largest resident size so far, in bytes.
pub(crate) fn peak_memory() -> Option<u64> {
    status("VmHWM:")
}

/// The resident size, in bytes.
pub(crate) fn memory() -> Option<u64> {
    status("VmRSS:")
}

fn status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// How many sockets the process holds.
pub(crate) fn sockets() -> Option<usize> {
    let files = std::fs::read_dir("/proc/self/fd").ok()?;
    let is_socket = |file: &std::io::Result<std::fs::DirEntry>| {
        file.as_ref().is_ok_and(|file| {
            std::fs::read_link(file.path())
                .is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
        })
    };
    Some(files.filter(is_socket).count())
}

/// Bytes in the unit that is read aloud.
pub(crate) fn mib(bytes: Option<u64>) -> String {
    bytes.map_or("unknown".to_owned(), |bytes| {
        format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
    })
}
