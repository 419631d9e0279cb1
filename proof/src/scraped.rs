//! Metrics as they stand in Prometheus' text.

use std::collections::BTreeMap;

/// One series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Name, with `_bucket` and its like.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Its value as it is written.
    pub value: String,
}

/// Every series of a text; labels with escapes in them are read as they are written.
#[must_use]
pub fn series(text: &str) -> Vec<Series> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(read).collect()
}

fn read(line: &str) -> Option<Series> {
    let (head, value) = line.rsplit_once(' ')?;
    let (name, labels) = head.split_once('{').unwrap_or((head, ""));
    let label = |pair: &str| {
        let (label, value) = pair.split_once("=\"")?;
        Some((label.trim_start_matches(',').to_owned(), value.to_owned()))
    };
    let labels = labels.trim_end_matches('}').split_terminator('"').collect::<Vec<_>>();
    let pairs = labels.chunks(2).map(|pair| pair.join("\""));
    Some(Series {
        name: name.to_owned(),
        labels: pairs.filter_map(|pair| label(&pair)).collect(),
        value: value.to_owned(),
    })
}

/// The sum of a counter's series that have these labels.
#[must_use]
pub fn sum(text: &str, name: &str, labels: &[(&str, &str)]) -> u64 {
    let fits = |series: &Series| {
        series.name == name
            && labels.iter().all(|(label, value)| series.labels.get(*label).is_some_and(|is| is == value))
    };
    let whole = |series: Series| series.value.parse::<u64>().ok();
    series(text).into_iter().filter(fits).filter_map(whole).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_read_with_their_labels_and_added_up() {
        let text = "# HELP a_total A.\na_total{k=\"x\",of=\"1, {2}\"} 3\na_total{k=\"x\",of=\"b\"} 4\na_total{k=\"y\",of=\"b\"} 8\nplain 1.5\n";
        let all = series(text);
        assert_eq!((all.len(), all[0].labels["of"].as_str(), all[3].value.as_str()), (4, "1, {2}", "1.5"));
        assert_eq!(["x", "y", "z"].map(|k| sum(text, "a_total", &[("k", k)])), [7, 8, 0]);
        assert_eq!(sum(text, "a_total", &[]), 15);
    }
}
