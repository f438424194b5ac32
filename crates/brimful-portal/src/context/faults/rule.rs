//! Standing orders for faults: which fault, on which requests.

use std::fmt;
use std::time::Duration;

use super::fault::Fault;

/// A standing order for faults.
#[derive(Debug, Clone)]
pub struct FaultRule {
    pub(super) fault: Fault,
    trigger: Trigger,
    rng: fastrand::Rng,
    methods: Vec<String>,
    spared: u64,
    most: Option<u64>,
    pub(super) seen: u64,
    pub(super) played: u64,
}

#[derive(Debug, Clone, Copy)]
enum Trigger {
    Every(u64),
    Chance(f64),
}

impl FaultRule {
    /// On every `n`-th request; every one for 0 and 1.
    pub fn every(n: u64, fault: Fault) -> Self {
        Self::new(Trigger::Every(n.max(1)), 0, fault)
    }

    /// On each request with this probability, by the seed.
    pub fn chance(probability: f64, seed: u64, fault: Fault) -> Self {
        Self::new(Trigger::Chance(probability), seed, fault)
    }

    fn new(trigger: Trigger, seed: u64, fault: Fault) -> Self {
        Self {
            fault,
            trigger,
            rng: fastrand::Rng::with_seed(seed),
            methods: Vec::new(),
            spared: 0,
            most: None,
            seen: 0,
            played: 0,
        }
    }

    /// Only on requests for this method (a batch is `batch`), or for those that begin so if it ends with `*`; others
    /// are not counted either. Called again, for either.
    #[must_use]
    pub fn on(mut self, method: impl Into<String>) -> Self {
        self.methods.push(method.into());
        self
    }

    /// At most so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.most = Some(times);
        self
    }

    /// Not on the first so many requests.
    #[must_use]
    pub fn after(mut self, requests: u64) -> Self {
        self.spared = requests;
        self
    }

    /// By this seed: chance, and the latency that is more or less.
    #[must_use]
    pub(super) fn seeded(mut self, seed: u64) -> Self {
        self.rng.seed(seed);
        self
    }

    /// Whether the fault is played on a request for `method`.
    pub(super) fn fires(&mut self, method: &str) -> bool {
        self.fires_for(&[method])
    }

    /// The same for something that has several names.
    pub(super) fn fires_for(&mut self, names: &[&str]) -> bool {
        let is_over = self.most.is_some_and(|most| self.played >= most);
        if is_over || !names.iter().any(|name| self.is_for(name)) {
            return false;
        }
        self.seen += 1;
        if self.seen <= self.spared {
            return false;
        }
        let fires = match self.trigger {
            Trigger::Every(n) => (self.seen - self.spared).is_multiple_of(n),
            Trigger::Chance(probability) => self.rng.f64() < probability,
        };
        self.played += u64::from(fires);
        fires
    }

    fn is_for(&self, method: &str) -> bool {
        let matches = |wanted: &String| match wanted.strip_suffix('*') {
            Some(start) => method
                .get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start)),
            None => wanted.eq_ignore_ascii_case(method),
        };
        self.methods.is_empty() || self.methods.iter().any(matches)
    }

    /// Random numbers for what the fault does, separate from those that decide when it does it.
    pub(super) fn fork(&mut self) -> fastrand::Rng {
        self.rng.fork()
    }

    /// The time that this fault adds to a request, if that is all it does.
    pub(super) fn delay(&mut self) -> Option<Duration> {
        delay(&self.fault, &mut self.rng)
    }
}

/// The time that a fault adds to a request, if that is all it does.
pub(super) fn delay(fault: &Fault, rng: &mut fastrand::Rng) -> Option<Duration> {
    match fault {
        Fault::Delay(delay) => Some(*delay),
        Fault::Latency { about, within } => {
            let low = about.saturating_sub(*within);
            let high = about.saturating_add(*within);
            Some(low.saturating_add(high.saturating_sub(low).mul_f64(rng.f64())))
        }
        _ => None,
    }
}

/// As [`crate::Faults::parse`] reads it, but for the seed, which is that of all rules.
impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fault)?;
        match self.trigger {
            Trigger::Every(1) => {}
            Trigger::Every(n) => write!(f, " every={n}")?,
            Trigger::Chance(probability) => write!(f, " {}%", percent(probability))?,
        }
        if let Some(most) = self.most {
            write!(f, " times={most}")?;
        }
        if self.spared > 0 {
            write!(f, " after={}", self.spared)?;
        }
        if !self.methods.is_empty() {
            write!(f, " on={}", self.methods.join("|"))?;
        }
        Ok(())
    }
}

/// A probability in hundredths, without the digits that only arithmetic brings.
fn percent(probability: f64) -> f64 {
    (probability * 1e10).round() / 1e8
}
