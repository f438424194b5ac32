//! Property tests that try the same cases each time: what fails, fails again, and what passed here passes everywhere.

use proptest::test_runner::{Config, RngSeed};

/// Tries `n` cases, always the same ones. `BRIMFUL_SEED` and `BRIMFUL_CASES` look further.
pub(crate) fn cases(n: u32) -> Config {
    let given = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    Config {
        cases: given("BRIMFUL_CASES").map_or(n, |cases| cases as u32),
        rng_seed: RngSeed::Fixed(given("BRIMFUL_SEED").unwrap_or(24)),
        failure_persistence: None,
        ..Config::default()
    }
}
