//! Columns of text.

/// A column's head, and on which side its cells stand.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    /// Words.
    Left(&'static str),
    /// Numbers.
    Right(&'static str),
}

impl Column {
    fn head(self) -> &'static str {
        match self {
            Self::Left(head) | Self::Right(head) => head,
        }
    }

    fn cell(self, text: &str, width: usize) -> String {
        match self {
            Self::Left(_) => format!("{text:<width$}"),
            Self::Right(_) => format!("{text:>width$}"),
        }
    }
}

/// A head and a line for each row, without blanks at their ends.
pub fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    let heads = columns.iter().map(|column| column.head().to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(heads)
        .chain(rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()))
        .collect();
    let width = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = columns.iter().zip(&widths).zip(cells).map(|((column, w), cell)| column.cell(cell, *w));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// One fact a line, indented, the names in a column.
pub fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let line = |(name, value): &(&str, String)| format!("  {name:<width$}  {}", plain(value));
    facts.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Without control characters: what a stranger named a run must not steer the operator's terminal.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_on_the_right_and_words_on_the_left() {
        let rows = [vec!["EUR".into(), "4.00".into()], vec!["JPY".into(), "12000".into()]];
        let shown = table(&[Column::Left("currency"), Column::Right("sum")], &rows);
        assert_eq!(shown, "currency    sum\nEUR        4.00\nJPY       12000");
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(facts(&[("key", "a\u{1b}[2Jb\nc".into())]), "  key  a [2Jb c");
        let rows = [vec!["\u{7}x\r".into(), String::new()]];
        assert_eq!(table(&[Column::Left("k"), Column::Left("v")], &rows), "k    v\n x");
    }
}
