//! Finds the number in a value that JSON cannot carry: `serde_json` writes NaN and the infinities as null.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

/// Where the first such number is, as in `fields[OPPORTUNITY]`, and which one; nothing where all numbers are finite.
pub(super) fn find(value: &impl Serialize) -> Option<(String, f64)> {
    match value.serialize(Finder) {
        Err(Stopped::At { mut path, number }) => {
            path.reverse();
            let mut steps = path.into_iter();
            let first = steps.next().unwrap_or_default();
            let place = steps.fold(first, |place, step| format!("{place}[{step}]"));
            Some((place, number))
        }
        // What cannot be written at all is reported by the code that writes it.
        Ok(()) | Err(Stopped::Other) => None,
    }
}

/// Why the search ended before the end of the value.
#[derive(Debug)]
enum Stopped {
    /// The steps that lead to the number, the last one first.
    At {
        path: Vec<String>,
        number: f64,
    },
    Other,
}

impl Stopped {
    fn under(self, step: impl FnOnce() -> String) -> Self {
        match self {
            Self::At { mut path, number } => {
                path.push(step());
                Self::At { path, number }
            }
            Self::Other => Self::Other,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the search for a number that is not finite has ended")
    }
}

impl std::error::Error for Stopped {}

impl ser::Error for Stopped {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Other
    }
}

struct Finder;

/// Walks the items of a list or the fields of a map.
#[derive(Default)]
struct Items {
    next: usize,
    key: String,
    /// The name of an enum's variant, which is a step of its own.
    variant: Option<&'static str>,
}

impl Items {
    fn of(variant: &'static str) -> Self {
        Self {
            variant: Some(variant),
            ..Self::default()
        }
    }

    fn item(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Stopped> {
        let at = self.next;
        self.next += 1;
        self.field(&at.to_string(), value)
    }

    fn field(&self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Stopped> {
        value.serialize(Finder).map_err(|stopped| {
            let stopped = stopped.under(|| name.to_owned());
            match self.variant {
                Some(variant) => stopped.under(|| variant.to_owned()),
                None => stopped,
            }
        })
    }
}

macro_rules! have_no_floats {
    ($($method:ident($($argument:ty),*))*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<(), Stopped> {
            Ok(())
        }
    )*};
}

impl Serializer for Finder {
    type Ok = ();
    type Error = Stopped;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Items;
    type SerializeStruct = Items;
    type SerializeStructVariant = Items;

    have_no_floats! {
        serialize_bool(bool)
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_i128(i128)
        serialize_u8(u8)
        serialize_u16(u16)
        serialize_u32(u32)
        serialize_u64(u64)
        serialize_u128(u128)
        serialize_char(char)
        serialize_str(&str)
        serialize_bytes(&[u8])
        serialize_none()
        serialize_unit()
        serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    fn serialize_f32(self, number: f32) -> Result<(), Stopped> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<(), Stopped> {
        if number.is_finite() {
            return Ok(());
        }
        let path = Vec::new();
        Err(Stopped::At { path, number })
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stopped> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Stopped> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stopped> {
        Items::default().field(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Stopped> {
        Ok(Items::default())
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, Stopped> {
        Ok(Items::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, Stopped> {
        Ok(Items::default())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items, Stopped> {
        Ok(Items::of(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Items, Stopped> {
        Ok(Items::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Items, Stopped> {
        Ok(Items::default())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items, Stopped> {
        Ok(Items::of(variant))
    }
}

macro_rules! walk_items {
    ($($list:ident::$method:ident)*) => {$(
        impl ser::$list for Items {
            type Ok = ();
            type Error = Stopped;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stopped> {
                self.item(value)
            }

            fn end(self) -> Result<(), Stopped> {
                Ok(())
            }
        }
    )*};
}

walk_items! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! walk_fields {
    ($($record:ident)*) => {$(
        impl ser::$record for Items {
            type Ok = ();
            type Error = Stopped;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Stopped> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Stopped> {
                Ok(())
            }
        }
    )*};
}

walk_fields! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Items {
    type Ok = ();
    type Error = Stopped;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stopped> {
        self.key = match serde_json::to_value(key) {
            Ok(serde_json::Value::String(name)) => name,
            Ok(other) => other.to_string(),
            Err(_) => String::new(),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stopped> {
        self.field(&self.key, value)
    }

    fn end(self) -> Result<(), Stopped> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Serialize)]
    struct Deal {
        id: u64,
        fields: BTreeMap<&'static str, Amount>,
        note: Option<f32>,
    }

    #[derive(serde::Serialize)]
    enum Amount {
        Money(f64),
        Range { from: f64, to: f64 },
        Pair(f64, f64),
    }

    fn deal(amount: Amount) -> Deal {
        Deal {
            id: 7,
            fields: BTreeMap::from([("SUM", amount)]),
            note: None,
        }
    }

    fn place(value: &impl Serialize) -> Option<String> {
        find(value).map(|(place, _)| place)
    }

    #[test]
    fn a_number_that_is_not_finite_is_found_wherever_it_is() {
        for (amount, expected) in [
            (Amount::Money(f64::NAN), "fields[SUM][Money]"),
            (
                Amount::Range {
                    from: 1.0,
                    to: f64::INFINITY,
                },
                "fields[SUM][Range][to]",
            ),
            (Amount::Pair(f64::NEG_INFINITY, 1.0), "fields[SUM][Pair][0]"),
        ] {
            assert_eq!(place(&deal(amount)).as_deref(), Some(expected));
        }
        assert_eq!(place(&[1.0, f64::NAN]).as_deref(), Some("1"));
        let mut noted = deal(Amount::Money(1.0));
        assert_eq!(place(&noted), None);
        noted.note = Some(f32::NAN);
        assert_eq!(place(&noted).as_deref(), Some("note"));
    }
}
