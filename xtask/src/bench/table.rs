//! The one table of figures: what was measured, by each way of making the call.

use std::fmt;

/// The ways of making the call, as the benchmarks name them, in the order of the columns.
const WAYS: [&str; 5] = ["tcp", "hyper", "reqwest", "generated", "facade"];
/// What the last column compares.
const RATIO: (&str, &str) = ("facade", "reqwest");

/// Figures by what was measured.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: String,
    figures: [Option<f64>; WAYS.len()],
}

impl Row {
    fn figure(&self, way: &str) -> Option<f64> {
        column(way).and_then(|column| self.figures[column])
    }
}

fn column(way: &str) -> Option<usize> {
    WAYS.iter().position(|known| *known == way)
}

impl Table {
    /// Enters a figure; whether there is such a way.
    #[must_use]
    pub(super) fn enter(&mut self, row: &str, way: &str, figure: f64) -> bool {
        let Some(column) = column(way) else {
            return false;
        };
        let at = match self.rows.iter().position(|known| known.name == row) {
            Some(at) => at,
            None => {
                self.rows.push(Row {
                    name: row.to_owned(),
                    figures: [None; WAYS.len()],
                });
                self.rows.len() - 1
            }
        };
        self.rows[at].figures[column] = Some(figure);
        true
    }
}

/// As Markdown, which reads well in a terminal too.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.len()).max();
        let width = width.unwrap_or_default();
        write!(f, "| {:width$} |", "")?;
        for way in WAYS {
            write!(f, " {way:>9} |")?;
        }
        writeln!(f, " {:>5} |", "ratio")?;
        write!(f, "|-{}-|", "-".repeat(width))?;
        for _ in WAYS {
            write!(f, "{}:|", "-".repeat(10))?;
        }
        writeln!(f, "{}:|", "-".repeat(6))?;
        for row in &self.rows {
            write!(f, "| {:width$} |", row.name)?;
            for figure in row.figures {
                write!(f, " {:>9} |", figure.map(shown).unwrap_or_default())?;
            }
            let ratio = row.figure(RATIO.0).zip(row.figure(RATIO.1));
            let ratio = ratio.map(|(over, under)| format!("{:.3}", over / under));
            writeln!(f, " {:>5} |", ratio.unwrap_or_default())?;
        }
        Ok(())
    }
}

/// A figure with as many digits as mean something.
fn shown(figure: f64) -> String {
    if figure < 100.0 {
        return format!("{figure:.1}");
    }
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_what_was_measured_and_the_ratio() {
        let mut table = Table::default();
        assert!(table.enter("allocations", "facade", 66.0));
        assert!(table.enter("allocations", "reqwest", 60.0));
        assert!(table.enter("calls", "tcp", 1_234_567.4));
        assert!(!table.enter("calls", "carrier pigeon", 1.0));
        let text = table.to_string();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split('|').map(str::trim).collect())
            .collect();
        assert_eq!(rows.len(), 4);
        assert_eq!(
            rows[2][1..],
            ["allocations", "", "", "60.0", "", "66.0", "1.100", ""]
        );
        assert_eq!(rows[3][1..], ["calls", "1,234,567", "", "", "", "", "", ""]);
    }

    #[test]
    fn thousands_are_set_apart() {
        for (figure, expected) in [
            (0.04, "0.0"),
            (99.94, "99.9"),
            (100.0, "100"),
            (999.6, "1,000"),
            (1_000_000.0, "1,000,000"),
        ] {
            assert_eq!(shown(figure), expected);
        }
    }
}
