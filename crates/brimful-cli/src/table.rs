//! A table for people: columns as wide as what is in them.

/// Rows of cells, the names of the columns first.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(names: &[&str]) -> Self {
        Self {
            rows: vec![names.iter().map(|&name| name.to_owned()).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        // What a portal sent may not steer the terminal.
        let clean = |cell: String| cell.replace(char::is_control, " ");
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    /// The table, without an end of its last line.
    pub(crate) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| shown(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| {
                let space = width.saturating_sub(shown(cell));
                format!("{cell}{}", " ".repeat(space))
            });
            let cells: Vec<String> = cells.collect();
            cells.join("  ").trim_end().to_owned()
        };
        let lines: Vec<String> = self.rows.iter().map(line).collect();
        lines.join("\n")
    }
}

/// How many places of a terminal a text takes.
fn shown(text: &str) -> usize {
    text.chars().map(places).sum()
}

/// Letters of East Asia and pictures are two places wide, marks that go with the letter before them none. These are the
/// blocks of Unicode that names of fields come from, not all of its exceptions.
fn places(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036F | 0x200B..=0x200F | 0x20D0..=0x20FF | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF01..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::new(&["NAME", "KIND"]);
        table.row(["Имя".to_owned(), "text".to_owned()]);
        table.row(["OPPORTUNITY".to_owned(), String::new()]);
        assert_eq!(
            table.text(),
            "NAME         KIND\nИмя          text\nOPPORTUNITY"
        );
    }

    #[test]
    fn wide_letters_take_two_places_and_marks_none() {
        let mut table = Table::new(&["TITLE", "KIND"]);
        table.row(["日本語".to_owned(), "a".to_owned()]);
        table.row(["Cafe\u{301} 👍".to_owned(), "b".to_owned()]);
        assert_eq!(table.text(), "TITLE    KIND\n日本語   a\nCafe\u{301} 👍  b");
    }
}
