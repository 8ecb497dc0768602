//! The random words of the trade: codes, request ids and WeChat's `rid`.
//!
//! The generator is fast and not fit for secrets: these codes open nothing but the sandbox.

use std::iter;

/// A phone code as WeChat's samples look: 64 lower-case hex characters (documented).
pub(crate) fn phone_code() -> String {
    hex(64)
}

/// A `wx.login` code as WeChat's samples look: 32 mixed-case letters and digits (documented).
pub(crate) fn login_code() -> String {
    // Sixty-four hex characters and thirty-two of these can never be the same word, but a login
    // code should also look like one: at least one letter above f, in upper case.
    loop {
        let code: String = iter::repeat_with(fastrand::alphanumeric).take(32).collect();
        if code.bytes().any(|byte| matches!(byte, b'G'..=b'Z')) {
            return code;
        }
    }
}

/// A request id in the form of a version 4 UUID, as in the vendor's sample (documented).
pub(crate) fn request_id() -> String {
    let random = fastrand::u128(..);
    let id = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let text = format!("{id:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )
}

/// What WeChat appends to an `errmsg`: three groups of eight hex digits (documented).
pub(crate) fn rid() -> String {
    format!("{}-{}-{}", hex(8), hex(8), hex(8))
}

/// The mini program's id that stands for a connection: `wx` and 16 hex digits, always the same
/// for the same names, so that a test can expect it.
pub(crate) fn mini_program_id(app_id: &str, connection: &str) -> String {
    // FNV-1a: small, stable across versions of the compiler, and nobody attacks it here.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in app_id.bytes().chain([0]).chain(connection.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("wx{hash:016x}")
}

fn hex(length: usize) -> String {
    iter::repeat_with(|| fastrand::digit(16))
        .take(length)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn is_hex(text: &str) -> bool {
        text.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }

    #[test]
    fn codes_look_like_wechats_and_never_repeat() {
        let codes: HashSet<String> = iter::repeat_with(phone_code).take(1000).collect();
        assert_eq!(codes.len(), 1000);
        assert!(codes.iter().all(|code| code.len() == 64 && is_hex(code)));
        let login = login_code();
        assert_eq!(login.len(), 32);
        assert!(login.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn request_ids_are_uuids_of_version_four() {
        for _ in 0..100 {
            let id = request_id();
            let groups: Vec<&str> = id.split('-').collect();
            assert_eq!(
                groups.iter().map(|group| group.len()).collect::<Vec<_>>(),
                [8, 4, 4, 4, 12]
            );
            assert!(groups.iter().all(|group| is_hex(group)));
            assert!(groups[2].starts_with('4'), "{id}");
            assert!(groups[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        }
    }

    #[test]
    fn a_rid_has_three_groups_of_eight() {
        let rid = rid();
        assert!(
            rid.split('-')
                .all(|group| group.len() == 8 && is_hex(group)),
            "{rid}"
        );
        assert_eq!(rid.split('-').count(), 3);
    }
}
