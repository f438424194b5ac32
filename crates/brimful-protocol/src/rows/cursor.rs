//! A cursor over JSON text: it steps over values without building them, and knows where they began and ended.
//!
//! It accepts exactly what `serde_json` accepts, at any depth. What is wrong with a text that it refuses, `serde_json`
//! is asked to say: that path need not be fast.

use std::borrow::Cow;
use std::ops::Range;

use super::specials::{MANY, Specials};

/// Where the text is not JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// A place in JSON text. `PLACES` is how many special bytes of strings are noted ahead.
pub(crate) struct Cursor<'a, const PLACES: usize = MANY> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    specials: Specials<PLACES>,
    /// The brackets that close what is open inside the value being skipped.
    open: Vec<u8>,
    line_breaks: bool,
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
        // A surrogate that is alone is not a string; nothing that is looked for is spelt like that.
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

#[inline]
fn chunk<const N: usize>(text: &[u8], at: usize) -> Option<[u8; N]> {
    text.get(at..)?.first_chunk().copied()
}

impl<'a, const PLACES: usize> Cursor<'a, PLACES> {
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
            specials: Specials::new(),
            open: Vec::new(),
            line_breaks: false,
        }
    }

    /// The first byte of the next value or bracket.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<u8, Broken> {
        loop {
            match self.bytes.get(self.at) {
                Some(&b) if b > b' ' => return Ok(b),
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\n' | b'\r') => {
                    self.line_breaks = true;
                    self.at += 1;
                }
                _ => return Err(Broken),
            }
        }
    }

    /// Whether nothing but blanks is left.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek().is_err() && self.at == self.bytes.len()
    }

    /// Whether a line break was passed. They stand between tokens: inside strings JSON has none.
    pub(crate) fn line_breaks(&self) -> bool {
        self.line_breaks
    }

    /// Steps into an object: `each` is given every key, and has to consume its value.
    #[inline]
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, Quoted<'a>) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        if !self.opens_object()? {
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

    /// Steps into an object whose members are then read with [`Self::key`]; `false` if it is empty, and passed.
    #[inline]
    pub(super) fn opens_object(&mut self) -> Result<bool, Broken> {
        self.expect(b'{')?;
        let empty = self.peek()? == b'}';
        self.at += usize::from(empty);
        Ok(!empty)
    }

    /// Passes members that are a key and `null` or a string, without escapes and blanks, and have another member behind
    /// them: nearly every member of nearly every row is like that. Stops before the first that is otherwise, or whose key
    /// has one of the lengths `stop_at`. `each` is given where the name and the value of a member lie, and whether the
    /// value is a string.
    #[inline]
    pub(super) fn pass_usual_members(
        &mut self,
        stop_at: [usize; 2],
        mut each: impl FnMut(Range<usize>, Range<usize>, bool),
    ) {
        /// What follows the name in `"NAME":null,"`.
        const NULL: u64 = u64::from_le_bytes(*b"\":null,\"");
        /// What follows the name in `"NAME":"value",`.
        const STRING: u64 = u64::from_le_bytes(*b"\":\"\0\0\0\0\0");
        /// What follows the value in `"NAME":"value","`.
        const NEXT: u32 = u32::from_le_bytes(*b"\",\"\0");
        if self.bytes.get(self.at) != Some(&b'"')
            || self.specials.seek(self.bytes, self.at) != self.at
        {
            return;
        }
        let base = self.specials.base();
        let text = &self.bytes[base..];
        let mut at = self.at - base;
        while let Some([key, key_end, _, value_end]) = self.specials.next_four() {
            let Some(behind) = chunk(text, key_end) else {
                break;
            };
            let behind = u64::from_le_bytes(behind);
            if stop_at.contains(&(key_end - key - 1)) {
                break;
            }
            let name = base + key + 1..base + key_end;
            if behind == NULL {
                each(name, base + key_end + 2..base + key_end + 6, false);
                at = key_end + 7;
                self.specials.pass(2);
            } else if behind & 0xFF_FFFF == STRING
                && chunk(text, value_end)
                    .is_some_and(|behind| u32::from_le_bytes(behind) & 0xFF_FFFF == NEXT)
            {
                each(name, base + key_end + 2..base + value_end + 1, true);
                at = value_end + 2;
                self.specials.pass(4);
            } else {
                break;
            }
        }
        self.at = base + at;
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

    /// The next value as it stands in the text, and whether it is a string without escapes.
    #[inline]
    pub(super) fn value_and_plainness(&mut self) -> Result<(&'a str, bool), Broken> {
        let is_string = self.peek()? == b'"';
        let start = self.at;
        let is_plain = if is_string {
            !self.skip_string()?
        } else {
            self.skip()?;
            false
        };
        Ok((&self.text[start..self.at], is_plain))
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
    pub(super) fn key(&mut self) -> Result<Quoted<'a>, Broken> {
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
    pub(super) fn closes(&mut self, close: u8) -> Result<bool, Broken> {
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
            self.at = self.specials.seek(self.bytes, self.at);
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
        self.at += match rest {
            [b'n', b'u', b'l', b'l', ..] | [b't', b'r', b'u', b'e', ..] => 4,
            [b'f', b'a', b'l', b's', b'e', ..] => 5,
            [b'n' | b't' | b'f', ..] => return Err(Broken),
            _ => return self.skip_number(),
        };
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
