//! JSON that is read field by field, with what does not fit counted as absent.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::scalars::{CountryCode, PhoneNumber, UntrustedText, is_blank, whole_number};

/// Named fields of a JSON object, each of which may be missing.
pub trait Fields: Default {
    /// Reads the value of `key` if it is one of these fields; otherwise leaves it to be read.
    ///
    /// # Errors
    ///
    /// Only those of the JSON itself: a value of the wrong type is read as absent.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error>;
}

/// No fields: of such an answer only the envelope matters.
impl Fields for () {
    fn take<'de, A: MapAccess<'de>>(&mut self, _: &str, _: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

/// Fields that mostly are not there at all, and then take no room.
impl<F: Fields> Fields for Option<Box<F>> {
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if let Some(fields) = self {
            return fields.take(key, map);
        }
        let mut fields = F::default();
        let taken = fields.take(key, map)?;
        *self = taken.then(|| Box::new(fields));
        Ok(taken)
    }
}

/// Two sets of fields that stand in the same object.
impl<A: Fields, B: Fields> Fields for (A, B) {
    fn take<'de, M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<bool, M::Error> {
        Ok(self.0.take(key, map)? || self.1.take(key, map)?)
    }
}

/// A value that any JSON can be read as: what does not fit is read as absent, the default.
pub(crate) trait Tolerant: Default {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson(PhantomData))
    }

    /// The value that a string stands for.
    fn text(_: &str) -> Self {
        Self::default()
    }

    /// The value that an object stands for.
    fn object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// Numbers are read by way of [`Value`], which knows every form in which serde_json hands them on:
/// its feature `arbitrary_precision`, which any crate of a program can switch on, changes it.
impl Tolerant for Option<i64> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(whole_number(&Value::deserialize(deserializer)?))
    }
}

impl Tolerant for Option<CountryCode> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(CountryCode::from_value(Value::deserialize(deserializer)?))
    }
}

impl Tolerant for Option<UntrustedText> {
    fn text(text: &str) -> Self {
        Some(text.into())
    }
}

impl Tolerant for Option<PhoneNumber> {
    fn text(text: &str) -> Self {
        (!is_blank(text)).then(|| text.into())
    }
}

impl<T: Fields> Tolerant for T {
    fn object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut fields = T::default();
        while let Some(Key(key)) = map.next_key()? {
            if !fields.take(&key, &mut map)? {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(fields)
    }
}

/// Reads the next value of a map.
pub(crate) fn tolerant<'de, T: Tolerant, A: MapAccess<'de>>(map: &mut A) -> Result<T, A::Error> {
    struct Seed<T>(PhantomData<T>);
    impl<'de, T: Tolerant> DeserializeSeed<'de> for Seed<T> {
        type Value = T;
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
            T::read(deserializer)
        }
    }
    map.next_value_seed(Seed(PhantomData))
}

/// Reads whatever there is.
struct AnyJson<T>(PhantomData<T>);

impl<'de, T: Tolerant> Visitor<'de> for AnyJson<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::object(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
}

/// An object's key, borrowed where it has no escapes.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
