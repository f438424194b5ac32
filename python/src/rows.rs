//! Rows as dictionaries of Python, made of their JSON without a text between: what `json.loads` makes of them, for less.

use brimful::Page;
use brimful::protocol::rows::{FieldValue, each_value};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

/// Values inside each other that are read here; rows with more of them go to `json.loads`.
const DEPTH: usize = 32;

/// The rows of pages in order.
pub(crate) fn to_python<'py>(py: Python<'py>, pages: &[Page]) -> PyResult<Bound<'py, PyList>> {
    let mut maker = RowMaker::new(py);
    let mut rows = Vec::with_capacity(pages.iter().map(Page::len).sum());
    for row in pages.iter().flat_map(Page::iter) {
        rows.push(match maker.row(row.json) {
            Ok(row) => row.into_any(),
            Err(Odd) => py.import("json")?.call_method1("loads", (row.json,))?,
        });
    }
    PyList::new(py, rows)
}

/// A row that is rare enough to be left to `json.loads`: a number of more than 64 bits, half a surrogate pair, a name
/// with escapes or of two fields, a row that is not an object.
#[derive(Debug)]
struct Odd;

/// Makes rows that have mostly the same fields in the same order, and often the same values.
struct RowMaker<'py> {
    py: Python<'py>,
    /// The fields of the last row, in their order.
    fields: Vec<RowField<'py>>,
    /// The last row. What the next one has in common with it needs no place found for it.
    last: Option<Bound<'py, PyDict>>,
    values: Vec<Bound<'py, PyAny>>,
}

/// A field of rows.
struct RowField<'py> {
    /// As it is written in JSON.
    written: String,
    name: Bound<'py, PyString>,
    /// What it is in the last row.
    last: Bound<'py, PyAny>,
    texts: KnownTexts<'py>,
}

impl<'py> RowMaker<'py> {
    fn new(py: Python<'py>) -> Self {
        Self {
            py,
            fields: Vec::new(),
            last: None,
            values: Vec::new(),
        }
    }

    fn row(&mut self, json: &str) -> Result<Bound<'py, PyDict>, Odd> {
        self.values.clear();
        let mut is_odd = false;
        let is_read = each_value(json, |name, value| {
            match self.value(name, value) {
                Ok(value) => self.values.push(value),
                Err(Odd) => is_odd = true,
            };
        });
        if is_odd || !is_read {
            return Err(Odd);
        }
        if self.fields.len() > self.values.len() {
            self.fields.truncate(self.values.len());
            self.last = None;
        }
        let row = match &self.last {
            Some(last) => last.copy().map_err(|_| Odd)?,
            None => PyDict::new(self.py),
        };
        let is_new = self.last.is_none();
        for (field, value) in self.fields.iter_mut().zip(self.values.drain(..)) {
            if is_new || !value.is(&field.last) {
                row.set_item(&field.name, &value).map_err(|_| Odd)?;
                field.last = value;
            }
        }
        self.last = Some(row.clone());
        Ok(row)
    }

    /// The value of the next field.
    fn value(&mut self, name: &str, value: FieldValue<'_>) -> Result<Bound<'py, PyAny>, Odd> {
        let place = self.values.len();
        if self
            .fields
            .get(place)
            .is_none_or(|field| field.written != name)
        {
            self.fields.truncate(place);
            self.last = None;
            if self.fields.iter().any(|field| field.written == name) {
                return Err(Odd);
            }
            self.fields.push(RowField {
                written: name.to_owned(),
                name: PyString::intern(self.py, name),
                last: self.py.None().into_bound(self.py),
                texts: KnownTexts::default(),
            });
        }
        if let Some(text) = value.plain_text() {
            return Ok(self.fields[place].texts.text(self.py, text).into_any());
        }
        if value.json().starts_with('"') {
            // Where it ends is known: only its escapes are left to read.
            return Ok(unescaped(self.py, value.json())?.into_any());
        }
        let mut reader = Reader {
            py: self.py,
            text: value.json(),
            at: 0,
        };
        reader.value(DEPTH)
    }
}

/// Texts of a field that came lately: stages, sources, currencies, people and the like are few, and each is made once.
#[derive(Default)]
struct KnownTexts<'py> {
    /// Each at the place that its bytes lead to.
    known: Vec<Option<(ShortText, Bound<'py, PyString>)>>,
    asked: u32,
    found: u32,
}

/// As many bytes has a text at most that is known.
const LONGEST: usize = 24;

/// A text of a few bytes, filled up with zeros, and how many it has.
type ShortText = ([u8; LONGEST], u8);

impl<'py> KnownTexts<'py> {
    const PLACES: usize = 32;
    /// After so many texts it is clear whether they come again.
    const TRIED: u32 = 64;

    fn text(&mut self, py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        if text.len() > LONGEST || (self.asked >= Self::TRIED && self.found * 4 < self.asked) {
            return PyString::new(py, text);
        }
        let mut bytes = [0; LONGEST];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        let short = (bytes, text.len() as u8);
        if self.known.is_empty() {
            self.known.resize_with(Self::PLACES, || None);
        }
        self.asked += 1;
        let known = &mut self.known[Self::place(&bytes)];
        match known {
            Some((found, made)) if *found == short => {
                self.found += 1;
                made.clone()
            }
            _ => known.insert((short, PyString::new(py, text))).1.clone(),
        }
    }

    /// A place that differs for texts that differ in few bytes.
    fn place(bytes: &[u8; LONGEST]) -> usize {
        const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
        let (words, _) = bytes.as_chunks::<8>();
        let mixed = words.iter().fold(0_u64, |mixed, word| {
            (mixed ^ u64::from_le_bytes(*word))
                .wrapping_mul(MIX)
                .rotate_left(29)
        });
        (mixed.wrapping_mul(MIX) >> 32) as usize % Self::PLACES
    }
}

/// A string with escapes, of its JSON.
fn unescaped<'py>(py: Python<'py>, json: &str) -> Result<Bound<'py, PyString>, Odd> {
    let decoded: String = serde_json::from_str(json).map_err(|_| Odd)?;
    Ok(PyString::new(py, &decoded))
}

/// A string as it is written.
#[derive(Clone, Copy)]
struct Quoted<'a> {
    /// With its quotes.
    json: &'a str,
    escaped: bool,
}

impl Quoted<'_> {
    fn to_python<'py>(self, py: Python<'py>) -> Result<Bound<'py, PyString>, Odd> {
        if self.escaped {
            return unescaped(py, self.json);
        }
        let inside = self.json.get(1..self.json.len() - 1).ok_or(Odd)?;
        Ok(PyString::new(py, inside))
    }
}

/// Reads the JSON of a row.
struct Reader<'py, 'a> {
    py: Python<'py>,
    text: &'a str,
    at: usize,
}

impl<'py, 'a> Reader<'py, 'a> {
    /// The next byte that is not blank.
    fn peek(&mut self) -> Result<u8, Odd> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b) => return Ok(*b),
                None => return Err(Odd),
            }
        }
    }

    fn has(&mut self, wanted: u8) -> Result<bool, Odd> {
        let found = self.peek()? == wanted;
        self.at += usize::from(found);
        Ok(found)
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Odd> {
        self.has(wanted)?.then_some(()).ok_or(Odd)
    }

    /// After an item: whether another one follows.
    fn goes_on(&mut self, close: u8) -> Result<bool, Odd> {
        if self.has(close)? {
            return Ok(false);
        }
        self.expect(b',').map(|()| true)
    }

    fn quoted(&mut self) -> Result<Quoted<'a>, Odd> {
        self.expect(b'"')?;
        let start = self.at - 1;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).ok_or(Odd)?;
            let special = rest.iter().position(|b| matches!(b, b'"' | b'\\'));
            self.at += special.ok_or(Odd)?;
            if self.text.as_bytes()[self.at] == b'"' {
                self.at += 1;
                let json = &self.text[start..self.at];
                return Ok(Quoted { json, escaped });
            }
            escaped = true;
            self.at += 2;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Bound<'py, PyAny>, Odd> {
        let depth = depth.checked_sub(1).ok_or(Odd)?;
        match self.peek()? {
            b'"' => Ok(self.quoted()?.to_python(self.py)?.into_any()),
            b'{' => {
                self.at += 1;
                let made = PyDict::new(self.py);
                let mut more = !self.has(b'}')?;
                while more {
                    let name = self.quoted()?.to_python(self.py)?;
                    self.expect(b':')?;
                    let value = self.value(depth)?;
                    made.set_item(name, value).map_err(|_| Odd)?;
                    more = self.goes_on(b'}')?;
                }
                Ok(made.into_any())
            }
            b'[' => {
                self.at += 1;
                let made = PyList::empty(self.py);
                let mut more = !self.has(b']')?;
                while more {
                    let value = self.value(depth)?;
                    made.append(value).map_err(|_| Odd)?;
                    more = self.goes_on(b']')?;
                }
                Ok(made.into_any())
            }
            b't' => self.word("true", PyBool::new(self.py, true).to_owned().into_any()),
            b'f' => self.word("false", PyBool::new(self.py, false).to_owned().into_any()),
            b'n' => self.word("null", self.py.None().into_bound(self.py)),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, Odd> {
        let rest = self.text.as_bytes().get(self.at..).ok_or(Odd)?;
        if !rest.starts_with(word.as_bytes()) {
            return Err(Odd);
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Bound<'py, PyAny>, Odd> {
        let start = self.at;
        let mut whole = true;
        while let Some(b) = self.text.as_bytes().get(self.at) {
            match b {
                b'0'..=b'9' | b'-' => {}
                b'.' | b'e' | b'E' | b'+' => whole = false,
                _ => break,
            }
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        if whole {
            let value: i64 = text.parse().map_err(|_| Odd)?;
            return Ok(PyInt::new(self.py, value).into_any());
        }
        let value: f64 = text.parse().map_err(|_| Odd)?;
        Ok(PyFloat::new(self.py, value).into_any())
    }
}
