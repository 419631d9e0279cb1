//! One figure: a median, the reference it is held against, and how far the rounds lie apart.

use serde_json::json;

/// Measurements of one case, round by round, each with the reference of its own round.
pub struct Figure {
    /// `startup`, `charge`, ...
    pub bench: &'static str,
    /// Which case.
    pub case: String,
    /// Unit of values and references.
    pub unit: &'static str,
    /// Value and reference of each round.
    pub rounds: Vec<(f64, f64)>,
    /// Further figures in words, for people.
    pub beside: String,
}

/// The one in the middle.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Figure {
    /// Prints the figure; the ratio is the median of the rounds' ratios.
    pub fn print(&self, as_json: bool) {
        let ratios = || self.rounds.iter().map(|(value, reference)| value / reference);
        let (min, max) = (ratios().fold(f64::MAX, f64::min), ratios().fold(f64::MIN, f64::max));
        let value = median(self.rounds.iter().map(|(value, _)| *value));
        let reference = median(self.rounds.iter().map(|(_, reference)| *reference));
        let ratio = median(ratios());
        let Self { bench, case, unit, beside, .. } = self;
        if as_json {
            let line = json!({"bench": bench, "case": case, "value": value, "unit": unit,
                "reference": reference, "ratio": ratio, "min": min, "max": max});
            println!("{line}");
        } else {
            println!(
                "{case:<28} {value:>9.1} {unit}, reference {reference:.1}, ratio {ratio:.2} ({min:.2} to {max:.2}){beside}"
            );
        }
    }
}
