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
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| {
                let space = width.saturating_sub(cell.chars().count());
                format!("{cell}{}", " ".repeat(space))
            });
            let cells: Vec<String> = cells.collect();
            cells.join("  ").trim_end().to_owned()
        };
        let lines: Vec<String> = self.rows.iter().map(line).collect();
        lines.join("\n")
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
}
