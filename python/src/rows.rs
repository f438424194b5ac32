//! Rows as dictionaries of Python, made of their JSON without a text between: what `json.loads` makes of them, for less.

use brimful::Page;
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

/// A row that is rare enough to be left to `json.loads`: a number of more than 64 bits, half a surrogate pair, a row
/// that is no object.
#[derive(Debug)]
struct Odd;

/// Makes rows that have mostly the same fields in the same order.
struct RowMaker<'py> {
    py: Python<'py>,
    /// The fields of the last row as they are written in JSON, and as Python has them.
    names: Vec<(String, Bound<'py, PyString>)>,
    /// A dictionary with just these fields. Its copy needs no room made for them one by one.
    blank: Option<Bound<'py, PyDict>>,
    values: Vec<Bound<'py, PyAny>>,
}

impl<'py> RowMaker<'py> {
    fn new(py: Python<'py>) -> Self {
        Self {
            py,
            names: Vec::new(),
            blank: None,
            values: Vec::new(),
        }
    }

    fn row(&mut self, json: &str) -> Result<Bound<'py, PyDict>, Odd> {
        let mut reader = Reader {
            py: self.py,
            text: json,
            at: 0,
        };
        self.values.clear();
        reader.expect(b'{')?;
        let mut more = !reader.has(b'}')?;
        while more {
            let name = reader.quoted()?;
            let place = self.values.len();
            let known = self.names.get(place);
            if known.is_none_or(|(known, _)| known != name.inside) {
                let made = name.to_python(self.py)?;
                self.names.truncate(place);
                self.names.push((name.inside.to_owned(), made));
                self.blank = None;
            }
            reader.expect(b':')?;
            self.values.push(reader.value(DEPTH)?);
            more = reader.goes_on(b'}')?;
        }
        reader.expect_end()?;
        if self.names.len() > self.values.len() {
            self.names.truncate(self.values.len());
            self.blank = None;
        }
        let row = match &self.blank {
            Some(blank) => blank.copy().map_err(|_| Odd)?,
            None => {
                let blank = PyDict::new(self.py);
                for (_, name) in &self.names {
                    blank.set_item(name, self.py.None()).map_err(|_| Odd)?;
                }
                self.blank.insert(blank).copy().map_err(|_| Odd)?
            }
        };
        for ((_, name), value) in self.names.iter().zip(self.values.drain(..)) {
            row.set_item(name, value).map_err(|_| Odd)?;
        }
        Ok(row)
    }
}

/// A string as it is written.
#[derive(Clone, Copy)]
struct Quoted<'a> {
    /// What stands between the quotes.
    inside: &'a str,
    escaped: bool,
}

impl Quoted<'_> {
    fn to_python<'py>(self, py: Python<'py>) -> Result<Bound<'py, PyString>, Odd> {
        if !self.escaped {
            return Ok(PyString::new(py, self.inside));
        }
        let decoded: Result<String, _> = serde_json::from_str(&format!("\"{}\"", self.inside));
        decoded
            .map(|text| PyString::new(py, &text))
            .map_err(|_| Odd)
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

    fn expect_end(&mut self) -> Result<(), Odd> {
        match self.peek() {
            Ok(_) => Err(Odd),
            Err(Odd) => Ok(()),
        }
    }

    fn quoted(&mut self) -> Result<Quoted<'a>, Odd> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).ok_or(Odd)?;
            let special = rest.iter().position(|b| matches!(b, b'"' | b'\\'));
            self.at += special.ok_or(Odd)?;
            if self.text.as_bytes()[self.at] == b'"' {
                let inside = &self.text[start..self.at];
                self.at += 1;
                return Ok(Quoted { inside, escaped });
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
