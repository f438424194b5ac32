//! PHP's values: what a Bitrix24 portal makes of the parameters it is sent, and what it answers from.
//!
//! The one rule that shapes every reply is here: a PHP array is an ordered map whose keys are integers or strings,
//! and it is written as a JSON array exactly when its keys are `0..n` in that order, so an empty map is `[]`.

use std::fmt;

use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A PHP value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string; bytes that are not UTF-8 were replaced by U+FFFD.
    Text(String),
    /// An array: PHP has one type for lists and maps.
    Array(Array),
}

/// A key of a PHP array. A string that spells an integer canonically *is* that integer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// An integer key.
    Int(i64),
    /// Any other key.
    Text(Box<str>),
}

/// A PHP array: an ordered map. Two are equal as by PHP's `===`: the same entries in the same order.
///
/// The entries are in an allocation of their own, so that a [`Value`] is no larger than a text: most values are not
/// arrays.
#[derive(Debug, Clone, Default)]
pub struct Array(Box<Entries>);

#[derive(Debug, Clone, Default)]
struct Entries {
    by_key: IndexMap<Key, Value>,
    /// The highest integer key there ever was.
    last: Option<i64>,
}

impl Value {
    /// PHP's truthiness: `""`, `"0"`, `0`, `0.0`, `null`, `false` and `[]` are false, all else is true, `"false"` too.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(b) => *b,
            Self::Int(i) => *i != 0,
            Self::Float(f) => *f != 0.0,
            Self::Text(s) => !s.is_empty() && s != "0",
            Self::Array(a) => !a.is_empty(),
        }
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        const ENTRY: usize = size_of::<(Key, Value)>() + 2 * size_of::<usize>();
        match self {
            Self::Text(text) => text.len(),
            Self::Array(array) => array
                .values()
                .map(|value| ENTRY + value.weight())
                .sum::<usize>(),
            _ => 0,
        }
    }

    /// PHP's `(int)` cast: the leading number of a string, 1 for an array that is not empty. A float out of range wraps
    /// round, a string out of range stops at the end of the range.
    pub fn to_int(&self) -> i64 {
        match self {
            Self::Null => 0,
            Self::Bool(b) => i64::from(*b),
            Self::Int(i) => *i,
            Self::Float(f) => wrapped(*f),
            Self::Text(s) => int_prefix(s),
            Self::Array(a) => i64::from(!a.is_empty()),
        }
    }

    /// PHP's `(float)` cast.
    pub fn to_float(&self) -> f64 {
        match self {
            Self::Float(f) => *f,
            Self::Text(s) => float_prefix(s),
            other => other.to_int() as f64,
        }
    }

    /// PHP's `(string)` cast; an array is `Array`.
    pub fn to_text(&self) -> String {
        match self {
            Self::Null | Self::Bool(false) => String::new(),
            Self::Bool(true) => "1".to_owned(),
            Self::Int(i) => i.to_string(),
            Self::Float(f) => crate::float::float_text(*f),
            Self::Text(s) => s.clone(),
            Self::Array(_) => "Array".to_owned(),
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(s) => Some(s),
            _ => None,
        }
    }

    /// The array, if it is one.
    pub fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Array(a) => Some(a),
            _ => None,
        }
    }

    /// The array, if it is one.
    pub fn as_array_mut(&mut self) -> Option<&mut Array> {
        match self {
            Self::Array(a) => Some(a),
            _ => None,
        }
    }

    /// The entry `key` of an array; `None` for anything else.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_array()?.get(key)
    }

    /// Walks `path` as the reference evaluator of `batch` does: a step that is missing or null ends the walk, and the
    /// deepest value reached is the answer. A digit step into a string gives that byte of it.
    #[must_use]
    pub fn deepest<S: AsRef<str>>(&self, path: &[S]) -> Self {
        let mut at = self;
        for step in path {
            match at {
                Self::Array(array) => match array.get(step.as_ref()) {
                    None | Some(Self::Null) => break,
                    Some(found) => at = found,
                },
                Self::Text(text) => {
                    let byte = step
                        .as_ref()
                        .parse::<usize>()
                        .ok()
                        .and_then(|i| text.as_bytes().get(i));
                    return byte.map_or_else(|| at.clone(), |&b| Self::Text(letter(b)));
                }
                _ => break,
            }
        }
        at.clone()
    }
}

/// One byte as a string: half a letter is not UTF-8.
fn letter(byte: u8) -> String {
    String::from(if byte.is_ascii() {
        byte as char
    } else {
        char::REPLACEMENT_CHARACTER
    })
}

/// PHP's cast of a float to an integer: what lies out of range wraps round, what is not a number is 0.
fn wrapped(f: f64) -> i64 {
    const RANGE: f64 = 18_446_744_073_709_551_616.0;
    if f >= i64::MIN as f64 && f < i64::MAX as f64 {
        return f as i64;
    }
    // Twice: infinities have no remainder, and NaN becomes 0.
    (f % RANGE).rem_euclid(RANGE) as u64 as i64
}

fn int_prefix(s: &str) -> i64 {
    let s = s.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let float = float_span(s);
    if s[..float].contains(['.', 'e', 'E']) {
        return s[..float]
            .parse::<f64>()
            .ok()
            .filter(|f| f.is_finite())
            .map_or(0, |f| f as i64);
    }
    match s[..float].parse::<i64>() {
        Ok(i) => i,
        Err(_) if float == 0 => 0,
        Err(_) if s.starts_with('-') => i64::MIN,
        Err(_) => i64::MAX,
    }
}

fn float_prefix(s: &str) -> f64 {
    let s = s.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    s[..float_span(s)].parse().unwrap_or(0.0)
}

/// The length of the number that `s` begins with.
fn float_span(s: &str) -> usize {
    let b = s.as_bytes();
    let digits = |mut at: usize| {
        while b.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let start = usize::from(matches!(b.first(), Some(b'+' | b'-')));
    let mut end = digits(start);
    let mut any = end > start;
    if b.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        any |= fraction > end + 1;
        end = fraction;
    }
    if !any {
        return 0;
    }
    if matches!(b.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(b.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

impl Key {
    /// The key that PHP makes of `text`.
    pub fn new(text: &str) -> Self {
        canonical_int(text).map_or_else(|| Self::Text(text.into()), Self::Int)
    }

    /// The key as a string.
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

fn canonical_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        [b'0'] => text.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(i) => write!(f, "{i}"),
            Self::Text(s) => f.write_str(s),
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<i64> for Key {
    fn from(i: i64) -> Self {
        Self::Int(i)
    }
}

impl Array {
    /// An empty array.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty array with room for `n` entries.
    pub fn with_capacity(n: usize) -> Self {
        Self(Box::new(Entries {
            by_key: IndexMap::with_capacity(n),
            last: None,
        }))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.by_key.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.by_key.is_empty()
    }

    /// Whether JSON shows it as an array: the keys are `0..n` in order.
    pub fn is_list(&self) -> bool {
        self.0
            .by_key
            .keys()
            .enumerate()
            .all(|(i, key)| matches!(key, Key::Int(k) if *k == i as i64))
    }

    /// The value under `key`, where a canonical integer is an integer key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.by_key.get(&Key::new(key))
    }

    /// The value under `key`.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.by_key.get_mut(&Key::new(key))
    }

    /// The first entry whose key is `key` in any case of its ASCII letters.
    pub fn get_ignoring_case(&self, key: &str) -> Option<&Value> {
        self.get(key).or_else(|| {
            let same = |k: &Key| matches!(k, Key::Text(t) if t.eq_ignore_ascii_case(key));
            self.0.by_key.iter().find(|(k, _)| same(k)).map(|(_, v)| v)
        })
    }

    /// Puts `value` under `key`; the place of a key that exists stays.
    pub fn insert(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        let key = key.into();
        self.note(&key);
        self.0.by_key.insert(key, value.into());
    }

    /// Appends under the next free integer key: 0, or one more than the highest there ever was. Behind the highest
    /// integer there is none, and PHP drops the value.
    pub fn push(&mut self, value: impl Into<Value>) {
        if let Some(key) = self.free() {
            self.insert(key, value);
        }
    }

    /// The key for [`Array::push`].
    fn free(&self) -> Option<i64> {
        self.0.last.map_or(Some(0), |last| last.checked_add(1))
    }

    fn note(&mut self, key: &Key) {
        if let Key::Int(i) = *key {
            self.0.last = Some(self.0.last.map_or(i, |last| last.max(i)));
        }
    }

    /// Takes the value under `key` out; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.by_key.shift_remove(&Key::new(key))
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.0.by_key.iter()
    }

    /// The values in order.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.by_key.values()
    }

    /// The values in order, to change in place.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.by_key.values_mut()
    }

    /// The array under `key`, made empty there if it is missing or something else; `None` if no key is free.
    pub(crate) fn array_at(&mut self, key: Option<&str>) -> Option<&mut Self> {
        let key = match key {
            Some(key) => Key::new(key),
            None => Key::Int(self.free()?),
        };
        self.note(&key);
        let slot = self.0.by_key.entry(key).or_default();
        if slot.as_array().is_none() {
            *slot = Value::Array(Self::new());
        }
        slot.as_array_mut()
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self.0.by_key.len() == other.0.by_key.len()
            && self.0.by_key.iter().eq(other.0.by_key.iter())
    }
}

impl<K: Into<Key>, V: Into<Value>> FromIterator<(K, V)> for Array {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut array = Self::new();
        for (key, value) in entries {
            array.insert(key, value);
        }
        array
    }
}

impl<V: Into<Self>> FromIterator<V> for Value {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        let mut array = Array::new();
        for value in values {
            array.push(value);
        }
        Self::Array(array)
    }
}

impl IntoIterator for Array {
    type Item = (Key, Value);
    type IntoIter = indexmap::map::IntoIter<Key, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.by_key.into_iter()
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Self::Int(i)
    }
}

impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::Text(s.to_owned())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::Text(s)
    }
}

impl From<Array> for Value {
    fn from(a: Array) -> Self {
        Self::Array(a)
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(b),
            Json::Number(n) => n
                .as_i64()
                .map_or_else(|| Self::Float(n.as_f64().unwrap_or(0.0)), Self::Int),
            Json::String(s) => Self::Text(s),
            Json::Array(items) => items.into_iter().collect(),
            Json::Object(map) => Self::Array(
                map.into_iter()
                    .map(|(k, v)| (Key::new(&k), Self::from(v)))
                    .collect(),
            ),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
        Ok(Value::Int(i))
    }

    fn visit_u64<E>(self, u: u64) -> Result<Value, E> {
        Ok(i64::try_from(u).map_or(Value::Float(u as f64), Value::Int))
    }

    fn visit_f64<E>(self, f: f64) -> Result<Value, E> {
        Ok(Value::Float(f))
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::Text(s.to_owned()))
    }

    fn visit_string<E>(self, s: String) -> Result<Value, E> {
        Ok(Value::Text(s))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Array::new();
        while let Some(item) = items.next_element::<Value>()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut array = Array::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            array.insert(key.as_str(), value);
        }
        Ok(Value::Array(array))
    }
}
