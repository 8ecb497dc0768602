//! The public surface of the published libraries, kept in the repository as a listing.
//!
//! A listing is Rust without bodies: every item that a user can reach from `lib.rs`, with its
//! signatures, public fields, variants, derives and trait implementations, and the features it
//! needs. It is read from the source with `syn`, so that the stable toolchain is enough; what a
//! compiler alone knows, such as auto traits, is not in it.

mod crates;
mod macros;
mod skeleton;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use similar::TextDiff;

use crate::place::project_root;

/// The command that writes the listings.
pub const COMMAND: &str = "cargo xtask ci api --update";

/// The libraries whose public items semantic versioning covers.
const LIBRARIES: [&str; 2] = ["authing", "authing-sandbox"];

/// A listing, and where it is kept.
#[derive(Debug)]
pub struct Listing {
    /// The file.
    pub path: PathBuf,
    /// What it must hold.
    pub text: String,
}

/// The listings of all libraries.
///
/// # Errors
///
/// If a source cannot be read, or holds something that the reader does not know how to list.
pub fn listings() -> Result<Vec<Listing>> {
    LIBRARIES
        .into_iter()
        .map(|package| {
            let folder = project_root().join("crates").join(package);
            let text = listing(package).with_context(|| format!("the listing of {package}"))?;
            let path = folder.join("api.txt");
            Ok(Listing { path, text })
        })
        .collect()
}

fn listing(package: &str) -> Result<String> {
    let crates = crates::Crates::read(package)?;
    let skeleton = skeleton::of(&crates)?;
    let name = package.replace('-', "_");
    Ok(format!(
        "// The public items of `{name}`; written by `{COMMAND}`.\n\n{skeleton}"
    ))
}

impl Listing {
    /// What is kept, as a difference from what it must be; nothing if they are the same.
    ///
    /// # Errors
    ///
    /// If the file cannot be read for another reason than that there is none.
    pub fn stale(&self) -> Result<Option<String>> {
        let kept = match std::fs::read_to_string(&self.path) {
            Ok(kept) => kept,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).context(self.path.display().to_string()),
        };
        if kept == self.text {
            return Ok(None);
        }
        let name = self.path.display();
        let diff = TextDiff::from_lines(&kept, &self.text);
        let mut unified = diff.unified_diff();
        let unified = unified.header(&format!("{name} as kept"), &format!("{name} as it is"));
        Ok(Some(unified.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::crates::Crates;
    use super::*;

    fn of(source: &str) -> Result<String> {
        skeleton::of(&Crates::parse("made_up", source)?)
    }

    /// Everything that a user could come to depend on shows, and nothing else does.
    #[test]
    fn what_is_public_is_listed() {
        let listed = of(r#"
            mod inner {
                /// Prose.
                #[derive(Clone, Debug)]
                #[non_exhaustive]
                pub struct Shown { pub number: u16, hidden: u8 }
                pub struct Unreachable;
                impl Shown {
                    #[must_use = "for a reason"]
                    pub async fn read(mut self, text: impl Into<String>) -> Option<u8> { None }
                    pub(crate) fn inside(&self) {}
                    fn private(&self) {}
                }
                impl<T: Copy> From<T> for Shown { fn from(_: T) -> Self { loop {} } }
                impl IntoFuture for Shown { type Output = u8; fn into_future(self) {} }
                impl std::fmt::Debug for Unreachable {}
            }
            pub use inner::Shown as Renamed;
            pub enum Kind { One, Two(u8), Three { number: i64 } }
            pub trait Taken { type Item; const N: usize; fn take(&self) -> u8 { 1 } }
            pub const LIMIT: usize = 5;
            pub fn free<T>(it: &T) where T: Taken {}
            pub(crate) fn not_listed() {}
            #[cfg(feature = "more")]
            pub mod more { pub type Alias = Vec<u8>; struct Own; pub struct Tuple(pub u8, u8); }
            #[cfg(test)]
            mod tests { pub struct Nothing; }
        "#)
        .unwrap();
        let expected = r#"/// has private fields
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Renamed {
    pub number: u16,
}
impl Renamed {
    #[must_use]
    pub async fn read(self, text: impl Into<String>) -> Option<u8>;
}
impl<T: Copy> From<T> for Renamed;
impl IntoFuture for Renamed {
    type Output = u8;
}
pub enum Kind {
    One,
    Two(u8),
    Three { number: i64 },
}
pub trait Taken {
    type Item;
    const N: usize;
    fn take(&self) -> u8;
}
pub const LIMIT: usize = _;
pub fn free<T>(it: &T)
where
    T: Taken;
#[cfg(feature = "more")]
pub mod more {
    pub type Alias = Vec<u8>;
    /// has private fields
    pub struct Tuple(pub u8);
}
"#;
        assert_eq!(listed, expected, "{listed}");
    }

    #[test]
    fn what_a_macro_makes_is_listed() {
        let listed = of(r#"
            mod texts {
                macro_rules! text {
                    ($(#[$doc:meta])* $name:ident, $format:literal) => {
                        $(#[$doc])*
                        #[derive(Clone)]
                        pub struct $name(String);
                        impl $name { pub fn as_str(&self) -> &str { $format } }
                    };
                }
                text! {
                    /// Prose, with a Word.
                    Number, "number"
                }
            }
            pub use texts::Number;
        "#)
        .unwrap();
        let expected = "/// has private fields\n#[derive(Clone)]\npub struct Number();\n\
            impl Number {\n    pub fn as_str(&self) -> &str;\n}\n";
        assert_eq!(listed, expected, "{listed}");
    }

    #[test]
    fn a_macro_of_fixed_names_is_no_trouble() {
        let source = "macro_rules! files { ($($file:literal,)+) => { const FILES: &[&str] = &[$($file,)+]; }; }
            files! { \"a\", }
            pub struct Shown;";
        assert_eq!(of(source).unwrap(), "pub struct Shown;\n");
    }

    /// What the reader does not know is an error, never a hole in the listing.
    #[test]
    fn what_is_not_known_is_an_error() {
        for source in [
            "mod inner { pub struct A; } pub use inner::*;",
            "pub use inner::Nowhere; mod inner {}",
            "macro_rules! none { ($name:literal) => { pub struct $name; }; } none! { 5 }",
            "macro_rules! two { () => {}; ($a:ident) => {}; } two! {}",
        ] {
            assert!(of(source).is_err(), "{source}");
        }
    }
}
