//! How densely IDs lie: learned from every page read, asked for when commands are planned.

use std::collections::BTreeMap;

/// Rows seen per stretch of IDs.
#[derive(Debug, Default)]
pub(crate) struct Density {
    /// Stretches `(from, to]` by `to`.
    samples: BTreeMap<u64, Sample>,
    rows: f64,
    span: f64,
    /// How far, relatively, recent forecasts were off.
    error: f64,
    /// As many rows are counted at the start as there are IDs between the lowest and the highest one.
    pub(super) has_no_gaps: bool,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    from: u64,
    rows: f64,
}

/// A forecast of rows in a range of IDs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Forecast {
    pub(crate) rows: f64,
    /// Rows per ID.
    pub(crate) rate: f64,
    /// About one standard deviation.
    pub(crate) sigma: f64,
}

/// An estimate leans on about as many rows as one request reads: fewer are noise, more are far away.
pub(crate) const ENOUGH: f64 = 2500.0;
/// Forecasts this far off mean clusters rather than noise.
const CLUSTERED: f64 = 0.15;
/// How much further than forecast a new lane begins, in units of how far forecasts have been off.
const FAR: f64 = 2.5;

impl Density {
    /// `rows` rows were found in `(from, to]`.
    pub(crate) fn note(&mut self, from: u64, to: u64, rows: usize) {
        if to <= from {
            return;
        }
        let rows = rows as f64;
        let span = (to - from) as f64;
        if let Some(before) = self.before(from)
            && rows >= 200.0
        {
            // What chance alone explains says nothing of clusters.
            let chance = 2.0 * ((1.0 - before.rate()) * (1.0 / before.rows + 1.0 / rows)).sqrt();
            let off = ((before.rate() * span / rows - 1.0).abs() - chance).clamp(0.0, 2.0);
            self.error += 0.3 * (off - self.error);
        }
        self.rows += rows;
        self.span += span;
        self.samples.insert(to, Sample { from, rows });
        // Memory stays bounded on the longest lists: of old ones only every other border is kept.
        if self.samples.len() > 4096 {
            self.thin_out();
        }
    }

    /// Rows to be expected in `(from, to]`.
    pub(crate) fn forecast(&self, from: u64, to: u64) -> Forecast {
        let span = to.saturating_sub(from) as f64;
        let overall = if self.span > 0.0 {
            self.rows / self.span
        } else {
            1.0
        };
        let near = match (self.rate_before(from), self.rate_after(to)) {
            (Some(before), Some(after)) => f64::midpoint(before, after),
            (Some(rate), None) | (None, Some(rate)) => rate,
            (None, None) => overall,
        };
        // Far from what was read, the whole list says more than what lies near.
        let close = (ENOUGH / (near * span).max(1.0)).min(1.0);
        let rate = (near * close + overall * (1.0 - close)).clamp(0.0, 1.0);
        let rows = (rate * span).min(span);
        let sigma = (rows * (1.0 - rate)).sqrt() + rows * self.error;
        Forecast {
            rows,
            rate,
            sigma: sigma.min(rows),
        }
    }

    /// Where about `rows` rows after `from` end; rather too far than too near, for what lies between is read later
    /// at its price, and what is read twice is lost.
    pub(crate) fn reach(&self, from: u64, rows: f64) -> u64 {
        let near = self.before(from).unwrap_or(Sum {
            rows: 1.0,
            span: 1.0,
        });
        let overall = Sum {
            rows: self.rows.max(1.0),
            span: self.span.max(1.0),
        };
        // Where forecasts have been off, IDs lie in clusters, and the nearest stretch may be all cluster or all gap.
        let rate = if self.error > CLUSTERED {
            near.rate().min(overall.rate())
        } else {
            near.rate()
        };
        let noise = 3.0 * ((1.0 - rate) * (1.0 / rows + 1.0 / near.rows)).sqrt();
        let span = rows / rate * (1.0 + noise + FAR * self.error);
        from.saturating_add(span as u64)
    }

    /// The ID above which the last `rows` rows up to `to` lie, if they are as dense as the rows with higher IDs; rather too
    /// low than too high.
    pub(crate) fn reach_down(&self, to: u64, rows: f64) -> Option<u64> {
        let behind = self.after(to)?;
        let rate = behind.rate();
        let noise = 3.0 * ((1.0 - rate) * (1.0 / rows.max(1.0) + 1.0 / behind.rows)).sqrt();
        let span = rows / rate * (1.0 + noise + FAR * self.error);
        Some(to.saturating_sub(span as u64))
    }

    fn rate_before(&self, id: u64) -> Option<f64> {
        self.before(id).map(Sum::rate)
    }

    fn rate_after(&self, id: u64) -> Option<f64> {
        self.after(id).map(Sum::rate)
    }

    /// What was seen just behind `id`, over enough rows to mean something.
    fn after(&self, id: u64) -> Option<Sum> {
        let samples = self.samples.range(id..).map(|(to, sample)| (*to, *sample));
        sum(samples.filter(|(_, sample)| sample.from >= id))
    }

    /// What was seen just before `id`, over enough rows to mean something.
    fn before(&self, id: u64) -> Option<Sum> {
        sum(self
            .samples
            .range(..=id)
            .rev()
            .map(|(to, sample)| (*to, *sample)))
    }

    fn thin_out(&mut self) {
        let mut merged: BTreeMap<u64, Sample> = BTreeMap::new();
        let mut pending: Option<(u64, Sample)> = None;
        for (to, sample) in std::mem::take(&mut self.samples) {
            match pending.take() {
                Some((end, first)) if end == sample.from => {
                    merged.insert(
                        to,
                        Sample {
                            from: first.from,
                            rows: first.rows + sample.rows,
                        },
                    );
                }
                Some((end, first)) => {
                    merged.insert(end, first);
                    pending = Some((to, sample));
                }
                None => pending = Some((to, sample)),
            }
        }
        merged.extend(pending);
        self.samples = merged;
    }
}

#[derive(Debug, Clone, Copy)]
struct Sum {
    rows: f64,
    span: f64,
}

impl Sum {
    fn rate(self) -> f64 {
        (self.rows / self.span).clamp(1e-19, 1.0)
    }
}

fn sum(samples: impl Iterator<Item = (u64, Sample)>) -> Option<Sum> {
    let mut sum = Sum {
        rows: 0.0,
        span: 0.0,
    };
    for (to, sample) in samples {
        sum.rows += sample.rows;
        sum.span += (to - sample.from) as f64;
        if sum.rows >= ENOUGH {
            break;
        }
    }
    (sum.span > 0.0 && sum.rows > 0.0).then_some(sum)
}
