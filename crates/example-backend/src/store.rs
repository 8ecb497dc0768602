//! Where the phone numbers go: here a list in memory, in a real backend its database.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use authing::GetWechatMiniProgramPhoneDataDto;

/// The phone numbers that were exchanged; clones share them.
#[derive(Clone, Default)]
pub struct PhoneNumbers {
    kept: Arc<Mutex<Vec<String>>>,
}

impl PhoneNumbers {
    /// Keeps a number, in one form for all of them where that can be had.
    pub(crate) fn keep(&self, data: GetWechatMiniProgramPhoneDataDto) {
        let number = data
            .e164()
            .unwrap_or_else(|| data.phone_number.as_str().to_owned());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(number);
    }

    /// All of them, oldest first.
    pub fn all(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone()
    }
}

/// Shows how many there are, and none of them.
impl fmt::Debug for PhoneNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhoneNumbers")
            .field("count", &self.all().len())
            .finish()
    }
}
