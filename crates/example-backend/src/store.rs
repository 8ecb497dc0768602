//! Stores phone numbers: here in memory, in a real backend in its database.

use std::sync::{Mutex, PoisonError};

use authing::GetWechatMiniProgramPhoneDataDto;

// Without `Debug`: it contains phone numbers.
#[derive(Default)]
pub(crate) struct PhoneNumbers(Mutex<Vec<String>>);

impl PhoneNumbers {
    /// Stores a number in E.164 form. The service returns the same number with and without `+86`,
    /// so `phone_number` would make two accounts for one user.
    pub(crate) fn add(&self, data: &GetWechatMiniProgramPhoneDataDto) {
        // A number without E.164 form is kept for a person to check: it has been paid for.
        let fallback = || data.phone_number.as_str().to_owned();
        let number = data.e164().unwrap_or_else(fallback);
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.push(number);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        let numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.clone()
    }
}
