//! Rows as text that PostgreSQL, MySQL and ClickHouse load: tabs between the values, `\N` for NULL, escapes with `\`.

use crate::cell::Cell;

/// What stands for NULL.
pub(crate) const NULL: &str = "\\N";

/// Rows that are not sent yet.
#[derive(Debug, Default)]
pub(crate) struct TabSeparated {
    text: String,
    /// Whether the last line has a value, so that the next one needs a tab.
    has_value: bool,
}

impl TabSeparated {
    /// Appends a value that `write` writes with its escapes.
    pub(crate) fn value(&mut self, write: impl FnOnce(&mut String)) {
        if self.has_value {
            self.text.push('\t');
        }
        self.has_value = true;
        write(&mut self.text);
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) fn null(&mut self) {
        self.value(|out| out.push_str(NULL));
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.value(|out| escape(text, out));
    }

    /// Appends a value as CSV files have it.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) fn cell(&mut self, cell: &Cell<'_>) {
        self.value(|out| write_cell(cell, out));
    }

    pub(crate) fn end_line(&mut self) {
        self.text.push('\n');
        self.has_value = false;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// All lines, which stay.
    #[cfg(feature = "clickhouse")]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Takes all lines.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(self).text.into_bytes()
    }
}

/// Appends a text, with escapes for what would end the value.
pub(crate) fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    let is_special = |byte: &u8| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t' | b'\0');
    // They are ASCII, so none of them is a part of another character.
    while let Some(place) = rest.as_bytes().iter().position(is_special) {
        let (before, behind) = rest.split_at(place);
        out.push_str(before);
        out.push_str(match behind.as_bytes()[0] {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            _ => "\\0",
        });
        rest = &behind[1..];
    }
    out.push_str(rest);
}

/// Appends a value as CSV files have it, with escapes.
pub(crate) fn write_cell(cell: &Cell<'_>, out: &mut String) {
    match cell {
        Cell::Null => out.push_str(NULL),
        Cell::Text(text) => escape(text, out),
        Cell::List(_) | Cell::Multifield(_) => escape(&cell.to_json().to_string(), out),
        other => other.write_text(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_tabs_between_them_and_escapes_within() {
        let mut rows = TabSeparated::default();
        rows.cell(&Cell::Int(7));
        rows.null();
        rows.text("a\tb\\c\nd\0");
        rows.end_line();
        rows.cell(&Cell::List(vec![Cell::Text("\n".into())]));
        rows.end_line();
        assert_eq!(rows.len(), 26);
        let text = String::from_utf8(rows.take()).unwrap();
        assert_eq!(text, "7\t\\N\ta\\tb\\\\c\\nd\\0\n[\"\\\\n\"]\n");
        assert!(rows.is_empty());
    }
}
