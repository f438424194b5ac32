//! A cursor over JSON text: it steps over values without building them, and knows where they began and ended.
//!
//! It accepts exactly what `serde_json` accepts, at any depth. What is wrong with a text that it refuses, `serde_json`
//! is asked to say: that path need not be fast.

use std::borrow::Cow;
use std::ops::Range;

use super::plain;

/// Where the text is not JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// A place in JSON text.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The brackets that close what is open inside the value being skipped.
    open: Vec<u8>,
}

/// A string as it stands in the text, escapes and all. Most keys are stepped over, so it is sliced only when asked.
#[derive(Clone, Copy)]
pub(crate) struct Quoted<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    escaped: bool,
}

impl<'a> Quoted<'a> {
    /// Without its quotes, and undecoded.
    pub(crate) fn inside(self) -> &'a str {
        &self.text[self.start + 1..self.end - 1]
    }

    /// The string that it means, where it has no escapes.
    #[inline]
    pub(crate) fn unescaped(self) -> Option<&'a str> {
        (!self.escaped).then(|| self.inside())
    }

    /// The string that it means.
    pub(crate) fn decoded(self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.inside());
        }
        // A surrogate that is alone is no string; nothing that is looked for is spelt like that.
        serde_json::from_str(&self.text[self.start..self.end])
            .map_or(Cow::Borrowed(self.inside()), Cow::Owned)
    }

    /// Whether it is `other` in any case of the ASCII letters.
    #[inline]
    pub(crate) fn is_ignoring_case(self, other: &str) -> bool {
        let maybe = self.end - self.start - 2 == other.len() || self.escaped;
        maybe && self.decoded().eq_ignore_ascii_case(other)
    }
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `text`, behind the byte order mark that some PHP files put there.
    pub(crate) fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self {
            text,
            bytes: text.as_bytes(),
            at,
            open: Vec::new(),
        }
    }

    /// The first byte of the next value or bracket.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<u8, Broken> {
        loop {
            match self.bytes.get(self.at) {
                Some(&b) if b > b' ' => return Ok(b),
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                _ => return Err(Broken),
            }
        }
    }

    /// Whether nothing but blanks is left.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek().is_err() && self.at == self.bytes.len()
    }

    /// Steps into an object: `each` is given every key, and has to consume its value.
    #[inline]
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, Quoted<'a>) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = self.key()?;
            each(self, key)?;
            if self.closes(b'}')? {
                return Ok(());
            }
        }
    }

    /// Steps into an array: `each` has to consume one item each time.
    #[inline]
    pub(crate) fn array(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.expect(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            each(self)?;
            if self.closes(b']')? {
                return Ok(());
            }
        }
    }

    /// The next value as it stands in the text.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<&'a str, Broken> {
        let range = self.range(Self::skip)?;
        Ok(&self.text[range])
    }

    /// The next value as it stands in the text, and where it begins.
    #[inline]
    pub(crate) fn located(&mut self) -> Result<(usize, &'a str), Broken> {
        let range = self.range(Self::skip)?;
        Ok((range.start, &self.text[range]))
    }

    /// Where the next value lies, consumed by `read`.
    #[inline]
    pub(crate) fn range(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(), Broken>,
    ) -> Result<Range<usize>, Broken> {
        self.peek()?;
        let start = self.at;
        read(self)?;
        Ok(start..self.at)
    }

    /// Steps over the next value.
    #[inline]
    pub(crate) fn skip(&mut self) -> Result<(), Broken> {
        match self.peek()? {
            b'"' => self.skip_string().map(|_| ()),
            b'{' | b'[' => self.skip_nested(),
            _ => self.skip_plain(),
        }
    }

    fn skip_nested(&mut self) -> Result<(), Broken> {
        let outside = self.open.len();
        loop {
            match self.peek()? {
                b'"' => self.skip_string().map(|_| ())?,
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    let close = open + 2;
                    if self.peek()? == close {
                        self.at += 1;
                    } else {
                        self.open.push(close);
                        if open == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                _ => self.skip_plain()?,
            }
            loop {
                let Some(&close) = self.open.get(outside..).and_then(<[u8]>::last) else {
                    return Ok(());
                };
                if !self.closes(close)? {
                    if close == b'}' {
                        self.key()?;
                    }
                    break;
                }
                self.open.pop();
            }
        }
    }

    /// A key and the colon behind it.
    #[expect(
        clippy::inline_always,
        reason = "measured: a key that is returned through memory costs a third of the speed"
    )]
    #[inline(always)]
    fn key(&mut self) -> Result<Quoted<'a>, Broken> {
        if self.peek()? != b'"' {
            return Err(Broken);
        }
        let start = self.at;
        let escaped = self.skip_string()?;
        let end = self.at;
        self.expect(b':')?;
        Ok(Quoted {
            text: self.text,
            start,
            end,
            escaped,
        })
    }

    /// After an item: whether `close` follows; if not, a comma has to.
    #[inline]
    fn closes(&mut self, close: u8) -> Result<bool, Broken> {
        let b = self.peek()?;
        self.at += 1;
        match b {
            b',' => Ok(false),
            b if b == close => Ok(true),
            _ => Err(Broken),
        }
    }

    #[inline]
    fn expect(&mut self, b: u8) -> Result<(), Broken> {
        if self.peek()? != b {
            return Err(Broken);
        }
        self.at += 1;
        Ok(())
    }

    /// Steps over a string, from its opening quote; says whether there are escapes in it.
    #[expect(
        clippy::inline_always,
        reason = "measured: a key that is returned through memory costs a third of the speed"
    )]
    #[inline(always)]
    fn skip_string(&mut self) -> Result<bool, Broken> {
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at = plain::end(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.skip_escape()?;
                }
                _ => return Err(Broken),
            }
        }
    }

    fn skip_escape(&mut self) -> Result<(), Broken> {
        self.at += match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match self.bytes.get(self.at + 2..self.at + 6) {
                Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => 6,
                _ => return Err(Broken),
            },
            _ => return Err(Broken),
        };
        Ok(())
    }

    /// Steps over a number or a word.
    #[inline]
    fn skip_plain(&mut self) -> Result<(), Broken> {
        let rest = &self.bytes[self.at..];
        let word: &[u8] = match rest.first() {
            Some(b't') => b"true",
            Some(b'f') => b"false",
            Some(b'n') => b"null",
            _ => return self.skip_number(),
        };
        if !rest.starts_with(word) {
            return Err(Broken);
        }
        self.at += word.len();
        Ok(())
    }

    fn skip_number(&mut self) -> Result<(), Broken> {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.skip_digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.skip_digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.skip_digits()?;
        }
        Ok(())
    }

    fn skip_digits(&mut self) -> Result<(), Broken> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start {
            Err(Broken)
        } else {
            Ok(())
        }
    }
}
