//! WeChat's error codes and what they mean for a code: the one table that knows the phone operation.

use crate::classify::Verdict;
use crate::error::{CodeState, ErrorKind};

/// What an `errcode` other than 0 means, by WeChat's table of return codes.
pub(crate) fn verdict(errcode: i64) -> Verdict {
    let (kind, code_state) = match errcode {
        // Invalid: expired, used, of another mini program, or from wx.login. Already used.
        40029 | 40163 => (ErrorKind::CodeRejected, CodeState::Spent),
        // The quota by the minute. Whether the code survives is not documented.
        45011 => (ErrorKind::Throttled, CodeState::Unknown),
        // The wrong appid; malformed data; no permission; not authorised to the platform.
        40013 | 47001 | 48001 | 61007 => (ErrorKind::Misconfigured, CodeState::Unknown),
        // Busy (-1); Authing's own token is invalid (40001), missing (41001), expired (42001);
        // and whatever else WeChat may come to say.
        _ => (ErrorKind::Upstream, CodeState::Unknown),
    };
    Verdict { kind, code_state }
}

/// WeChat's id of the request: three groups of hexadecimal digits at the end of an `errmsg`.
pub(crate) fn rid(errmsg: &str) -> Option<&str> {
    let (_, after) = errmsg.rsplit_once("rid:")?;
    let rid = after.trim();
    let groups: Vec<&str> = rid.split('-').collect();
    let well_formed = groups.len() == 3
        && groups
            .iter()
            .all(|group| group.len() == 8 && group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    well_formed.then_some(rid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_has_its_verdict() {
        use CodeState::{Spent, Unknown};
        use ErrorKind::{CodeRejected, Misconfigured, Throttled, Upstream};
        for (errcode, kind, code_state) in [
            (40029, CodeRejected, Spent),
            (40163, CodeRejected, Spent),
            (45011, Throttled, Unknown),
            (40013, Misconfigured, Unknown),
            (47001, Misconfigured, Unknown),
            (48001, Misconfigured, Unknown),
            (61007, Misconfigured, Unknown),
            (-1, Upstream, Unknown),
            (40001, Upstream, Unknown),
            (41001, Upstream, Unknown),
            (42001, Upstream, Unknown),
            (99999, Upstream, Unknown),
            (i64::MIN, Upstream, Unknown),
        ] {
            assert_eq!(verdict(errcode), Verdict { kind, code_state }, "{errcode}");
        }
    }

    #[test]
    fn a_rid_is_read_only_in_its_own_form() {
        for (errmsg, expected) in [
            (
                "invalid code, rid: 632d16be-15ad5486-1e378de4",
                Some("632d16be-15ad5486-1e378de4"),
            ),
            (
                "rid:632d16be-15ad5486-1e378de4 ",
                Some("632d16be-15ad5486-1e378de4"),
            ),
            (
                "rid: x, rid: 632d16be-15ad5486-1e378de4",
                Some("632d16be-15ad5486-1e378de4"),
            ),
            ("invalid code", None),
            ("rid: ", None),
            ("rid: 632d16be-15ad5486", None),
            ("rid: 632d16be-15ad5486-1e378de4-aa", None),
            ("rid: 632d16be-15ad5486-1e378deg", None),
            ("rid: 632d16be-15ad5486-1e378de44", None),
            ("rid: 13800138000", None),
        ] {
            assert_eq!(rid(errmsg), expected, "{errmsg}");
        }
    }
}
