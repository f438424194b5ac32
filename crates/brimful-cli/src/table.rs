//! A table for people: columns as wide as what is in them, and cells cut where the terminal is narrower.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::printer::clean;

/// No column is made narrower than the first of these, unless a line would be too long: then none than the next.
const NARROWEST: [usize; 3] = [8, 4, 1];
/// A cell of fewer places can hardly be read.
pub(crate) const READABLE: usize = NARROWEST[0];
/// The blanks between columns.
const GAP: &str = "  ";

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
        self.rows
            .push(cells.into_iter().map(|cell| clean(&cell)).collect());
    }

    /// The table, in lines of at most `width` places, without an end of its last line. Where that leaves columns that
    /// nobody can read, each row is a block of lines, one for each column.
    pub(crate) fn text(&self, width: usize) -> String {
        let wanted = widths(&self.rows);
        let widths = fitted(wanted.clone(), width);
        let mut columns = wanted.iter().zip(&widths);
        if columns.any(|(wanted, given)| *given < READABLE.min(*wanted)) {
            let Some((names, rows)) = self.rows.split_first() else {
                return String::new();
            };
            return blocks(names, rows, width);
        }
        let lines: Vec<String> = self.rows.iter().map(|row| line(row, &widths)).collect();
        lines.join("\n")
    }
}

/// The rows as blocks of lines with a name and a value, without an end of the last line.
pub(crate) fn blocks(names: &[String], rows: &[Vec<String>], width: usize) -> String {
    let names_width = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let widths = fitted(vec![names_width, width], width);
    let block = |row: &Vec<String>| {
        let lines = names.iter().zip(row);
        let lines = lines.map(|(name, cell)| line(&[name.clone(), cell.clone()], &widths));
        lines.collect::<Vec<_>>().join("\n")
    };
    let blocks: Vec<String> = rows.iter().map(block).collect();
    blocks.join("\n\n")
}

/// The width of the terminal that standard output is; anything else has no end.
pub(crate) fn terminal_width() -> usize {
    terminal_size::terminal_size_of(std::io::stdout())
        .map_or(usize::MAX, |(width, _)| width.0.into())
}

/// How many places the widest cell of each column takes.
pub(crate) fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    (0..columns).map(widest).collect()
}

/// Takes places from the widest columns until a line has no more than `width`.
pub(crate) fn fitted(mut widths: Vec<usize>, width: usize) -> Vec<usize> {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    for narrowest in NARROWEST {
        while widths.iter().sum::<usize>() + gaps > width {
            match widths.iter_mut().max() {
                Some(widest) if *widest > narrowest => *widest -= 1,
                _ => break,
            }
        }
    }
    widths
}

/// A line of cells, each in its width.
pub(crate) fn line(cells: &[String], widths: &[usize]) -> String {
    let last = cells.len().saturating_sub(1);
    let padded = cells
        .iter()
        .zip(widths)
        .zip(0..)
        .map(|((cell, &width), at)| {
            let cell = cut(cell, width);
            let space = if at == last {
                0
            } else {
                width.saturating_sub(cell.width())
            };
            format!("{cell}{}", " ".repeat(space))
        });
    let padded: Vec<String> = padded.collect();
    padded.join(GAP).trim_end().to_owned()
}

/// A text in at most `width` places.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars() {
        let places = c.width().unwrap_or(0);
        if places > left {
            break;
        }
        left -= places;
        out.push(c);
    }
    out.push('…');
    out
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
            table.text(usize::MAX),
            "NAME         KIND\nИмя          text\nOPPORTUNITY"
        );
    }

    #[test]
    fn wide_letters_take_two_places_and_marks_none() {
        let mut table = Table::new(&["TITLE", "KIND"]);
        table.row(["日本語".to_owned(), "a".to_owned()]);
        table.row(["Cafe\u{301} 👍".to_owned(), "b".to_owned()]);
        assert_eq!(
            table.text(usize::MAX),
            "TITLE    KIND\n日本語   a\nCafe\u{301} 👍  b"
        );
    }

    #[test]
    fn cells_are_cut_where_the_terminal_is_narrower() {
        let mut table = Table::new(&["NAME", "TITLE", "KIND"]);
        table.row([
            "UF_CRM_1".to_owned(),
            "日本語".repeat(20),
            "text".to_owned(),
        ]);
        table.row(["ID".to_owned(), "Number".to_owned(), "integer".to_owned()]);
        for line in table.text(40).lines() {
            assert!(line.width() <= 40, "{line}");
        }
        assert!(table.text(40).contains('…'));
        assert!(!table.text(200).contains('…'));
    }

    #[test]
    fn a_row_that_no_terminal_is_wide_enough_for_is_a_block_of_lines() {
        let names = ["TABLE", "ENTITY", "CHANGES UP TO", "LAST RUN", "STATE"];
        let mut table = Table::new(&names);
        for name in ["crm_deal", "crm_contact"] {
            table.row(
                [
                    name,
                    "crm.deal",
                    "2026-01-31T10:00:00",
                    "2026-01-31T10:00:05",
                    "up to date",
                ]
                .map(str::to_owned),
            );
        }
        assert!(table.text(120).starts_with("TABLE        ENTITY"));
        assert_eq!(
            table.text(40).split("\n\n").next().unwrap(),
            "TABLE          crm_deal\n\
             ENTITY         crm.deal\n\
             CHANGES UP TO  2026-01-31T10:00:00\n\
             LAST RUN       2026-01-31T10:00:05\n\
             STATE          up to date"
        );
    }

    #[test]
    fn many_columns_fit_a_terminal_too() {
        let names: Vec<String> = (0..11).map(|n| format!("A_LONG_NAME_{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut table = Table::new(&names);
        table.row((0..11).map(|n| format!("value number {n}")));
        for width in [100, 60, 40] {
            for line in table.text(width).lines() {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
    }
}
