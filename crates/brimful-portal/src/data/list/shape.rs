//! How the families of methods spell the values of fields.

use brimful_protocol::{Array, Value, json};

use crate::context::moment;
use crate::data::cell::{Cell, ComposedText, SeveralValues};
use crate::data::schema::{Class, Field, Kind};
use crate::data::source::{Raw, Source};

/// A family's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Everything is a string; a date that is not set is `""`.
    Legacy,
    /// Numbers are numbers, yes and no are `Y` and `N`.
    Item,
    /// Everything is a string, and what is not set is null.
    Task,
    /// As legacy, but `ACTIVE` is a boolean and the IDs of departments are numbers.
    User,
}

impl Shape {
    /// Appends the value of a field.
    pub(crate) fn write(self, out: &mut Vec<u8>, field: &Field, cell: Cell<'_>) {
        if field.traits.multiple && !field.kind.is_json() {
            return self.write_list(out, field, cell);
        }
        match cell {
            Cell::Null => self.write_nothing(out, field),
            Cell::Stored(value) => self.write_stored(out, field, value),
            Cell::Plain(raw) if field.kind.is_json() => out.extend_from_slice(raw.as_bytes()),
            Cell::SeveralValues(_) => self.write_list(out, field, cell),
            one => self.write_one(out, field.kind, one),
        }
    }

    fn write_nothing(self, out: &mut Vec<u8>, field: &Field) {
        let blank = matches!(self, Self::Legacy | Self::User) && field.kind.class() == Class::Time;
        out.extend_from_slice(if blank { b"\"\"" } else { b"null" });
    }

    fn write_one(self, out: &mut Vec<u8>, kind: Kind, cell: Cell<'_>) {
        match cell {
            Cell::Int(i) if self == Self::Item && kind.class() != Class::Text => {
                json::write_int(out, i);
            }
            Cell::Int(i) => {
                out.push(b'"');
                json::write_int(out, i);
                out.push(b'"');
            }
            Cell::Cents(cents) if self == Self::Item => {
                if cents % 100 == 0 {
                    json::write_int(out, cents / 100);
                } else {
                    json::write(out, &Value::Float(cents as f64 / 100.0));
                }
            }
            Cell::Cents(cents) => {
                out.push(b'"');
                write_cents(out, cents);
                out.push(b'"');
            }
            Cell::Flag(flag) => self.write_flag(out, kind, flag),
            Cell::Time(seconds) => {
                let mut text = [b'"'; 27];
                text[1..26].copy_from_slice(&moment::iso(seconds));
                out.extend_from_slice(&text);
            }
            Cell::Plain(text) => {
                out.push(b'"');
                out.extend_from_slice(text.as_bytes());
                out.push(b'"');
            }
            Cell::Text(text) => json::write_string(out, text),
            Cell::ComposedText(made) => write_made(out, made),
            Cell::Null | Cell::SeveralValues(_) => out.extend_from_slice(b"null"),
            Cell::Stored(value) => self.write_scalar(out, kind, value),
        }
    }

    fn write_flag(self, out: &mut Vec<u8>, kind: Kind, flag: bool) {
        let text: &[u8] = match (self, kind, flag) {
            (Self::User, Kind::Boolean, true) => b"true",
            (Self::User, Kind::Boolean, false) => b"false",
            (Self::Legacy, Kind::Boolean, true) => b"\"1\"",
            (Self::Legacy, Kind::Boolean, false) => b"\"0\"",
            (_, _, true) => b"\"Y\"",
            (_, _, false) => b"\"N\"",
        };
        out.extend_from_slice(text);
    }

    /// A value that was loaded or written by a call.
    fn write_stored(self, out: &mut Vec<u8>, field: &Field, value: &Value) {
        match value {
            Value::Null => self.write_nothing(out, field),
            Value::Array(array) if field.kind == Kind::Multifield => {
                self.write_multifield(out, array);
            }
            // What holds an object holds an empty one, too: no array says that.
            Value::Array(array)
                if array.is_empty() && matches!(field.source, Source::Raw(Raw::EmptyObject)) =>
            {
                out.extend_from_slice(b"{}");
            }
            Value::Array(file) if field.kind == Kind::File => self.write_file(out, file),
            Value::Array(_) => json::write(out, value),
            scalar => self.write_scalar(out, field.kind, scalar),
        }
    }

    fn write_scalar(self, out: &mut Vec<u8>, kind: Kind, value: &Value) {
        match (self, kind.class(), value) {
            (_, _, Value::Array(file)) if kind == Kind::File => self.write_file(out, file),
            (_, _, Value::Array(_)) => json::write(out, value),
            (_, _, Value::Null) => out.extend_from_slice(b"null"),
            (Self::Item | Self::User, _, found) if kind == Kind::Found => json::write(out, found),
            (_, _, Value::Bool(flag)) => self.write_flag(out, kind, *flag),
            (_, _, Value::Text(text))
                if kind == Kind::Boolean && matches!(text.as_str(), "Y" | "N" | "1" | "0") =>
            {
                self.write_flag(out, kind, matches!(text.as_str(), "Y" | "1"));
            }
            (_, _, Value::Int(flag @ (0 | 1))) if kind == Kind::Boolean => {
                self.write_flag(out, kind, *flag == 1);
            }
            (Self::Item, Class::Integer | Class::Number | Class::Time, Value::Text(text))
                if text.is_empty() =>
            {
                out.extend_from_slice(b"null");
            }
            (Self::Item, Class::Integer, _) => json::write_int(out, value.to_int()),
            (Self::Item, Class::Number, _) => {
                let number = value.to_float();
                if number.fract() == 0.0 && number.abs() < 1e15 {
                    json::write_int(out, number as i64);
                } else {
                    json::write(out, &Value::Float(number));
                }
            }
            (Self::Task, Class::Time, Value::Text(text)) if text.is_empty() => {
                out.extend_from_slice(b"null");
            }
            (_, _, Value::Text(text)) => json::write_string(out, text),
            (_, Class::Number, number) if kind == Kind::Double => {
                out.push(b'"');
                write_cents(out, (number.to_float() * 100.0).round() as i64);
                out.push(b'"');
            }
            (_, _, number) => json::write_string(out, &number.to_text()),
        }
    }

    /// A file that is kept: each family shows other addresses of it. One that was loaded stays as it is.
    fn write_file(self, out: &mut Vec<u8>, file: &Array) {
        let names: &[&str] = match self {
            Self::Item => &["id", "url", "urlMachine"],
            _ => &["id", "showUrl", "downloadUrl"],
        };
        let shown = names
            .iter()
            .map(|name| Some((*name, file.get(name)?.clone())));
        match shown.collect::<Option<Array>>() {
            Some(shown) if file.get("urlMachine").is_some() => {
                json::write(out, &Value::Array(shown));
            }
            _ => json::write(out, &Value::Array(file.clone())),
        }
    }

    fn write_list(self, out: &mut Vec<u8>, field: &Field, cell: Cell<'_>) {
        if let Cell::Stored(Value::Array(array)) = cell
            && field.kind == Kind::Multifield
        {
            return self.write_multifield(out, array);
        }
        if let Cell::SeveralValues(
            many @ (SeveralValues::Phones { .. } | SeveralValues::Emails { .. }),
        ) = cell
        {
            return self.write_contacts(out, many);
        }
        out.push(b'[');
        let start = out.len();
        cell.any(|value| {
            if out.len() > start {
                out.push(b',');
            }
            match value {
                Cell::Int(i) if self == Self::User => json::write_int(out, i),
                Cell::Stored(Value::Int(i)) if self == Self::User => json::write_int(out, *i),
                Cell::Int(i)
                    if self == Self::Legacy && matches!(field.kind, Kind::Enumeration(_)) =>
                {
                    json::write_int(out, i);
                }
                value => self.write_one(out, field.kind, value),
            }
            false
        });
        out.push(b']');
    }

    /// Phones and e-mails that were written by a call or loaded.
    fn write_multifield(self, out: &mut Vec<u8>, array: &Array) {
        if self == Self::Item {
            out.push(b'[');
            let start = out.len();
            for entry in array.values() {
                if out.len() > start {
                    out.push(b',');
                }
                let text = |key: &str| entry.get(key).map(Value::to_text).unwrap_or_default();
                out.extend_from_slice(b"{\"id\":");
                json::write_int(out, entry.get("ID").map_or(0, Value::to_int));
                for (name, key) in [
                    ("typeId", "TYPE_ID"),
                    ("valueType", "VALUE_TYPE"),
                    ("value", "VALUE"),
                ] {
                    out.extend_from_slice(format!(",\"{name}\":").as_bytes());
                    json::write_string(out, &text(key));
                }
                out.push(b'}');
            }
            out.push(b']');
            return;
        }
        let values: Value = array.values().cloned().collect();
        json::write(out, &values);
    }

    fn write_contacts(self, out: &mut Vec<u8>, many: SeveralValues) {
        let (first_id, type_id) = match many {
            SeveralValues::Emails { id, .. } => (id * 4 + 3, "EMAIL"),
            SeveralValues::Phones { id, .. } => (id * 4 + 1, "PHONE"),
            _ => return,
        };
        out.push(b'[');
        let mut i = 0;
        many.any(|value| {
            if i > 0 {
                out.push(b',');
            }
            let number = first_id + i;
            let value_type = if i == 0 { "WORK" } else { "MOBILE" };
            let Cell::ComposedText(made) = value else {
                return false;
            };
            if self == Self::Item {
                out.extend_from_slice(b"{\"id\":");
                json::write_int(out, number as i64);
                out.extend_from_slice(b",\"typeId\":\"");
                out.extend_from_slice(type_id.as_bytes());
                out.extend_from_slice(b"\",\"valueType\":\"");
                out.extend_from_slice(value_type.as_bytes());
                out.extend_from_slice(b"\",\"value\":");
                write_made(out, made);
                out.push(b'}');
            } else {
                out.extend_from_slice(b"{\"ID\":\"");
                json::write_int(out, number as i64);
                out.extend_from_slice(b"\",\"VALUE_TYPE\":\"");
                out.extend_from_slice(value_type.as_bytes());
                out.extend_from_slice(b"\",\"VALUE\":");
                write_made(out, made);
                out.extend_from_slice(b",\"TYPE_ID\":\"");
                out.extend_from_slice(type_id.as_bytes());
                out.extend_from_slice(b"\"}");
            }
            i += 1;
            false
        });
        out.push(b']');
    }
}

fn write_made(out: &mut Vec<u8>, made: ComposedText) {
    out.push(b'"');
    made.render(out);
    out.push(b'"');
}

fn write_cents(out: &mut Vec<u8>, cents: i64) {
    if cents < 0 {
        out.push(b'-');
    }
    json::write_int(out, (cents / 100).abs());
    let rest = (cents % 100).unsigned_abs() as u8;
    out.extend_from_slice(&[b'.', b'0' + rest / 10, b'0' + rest % 10]);
}
