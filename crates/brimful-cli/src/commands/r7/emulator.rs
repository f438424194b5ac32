//! R7-Office of the emulator: what `brimful portal` is told of it, and the one that `--portal demo` stands for.

use brimful_portal::{PortalConfig, Server};
use brimful_r7::RateLimit;
use brimful_r7_portal::R7Config;

use crate::args::RateArg;
use crate::commands::demo::{self, Demo};
use crate::commands::portal::PortalArgs;
use crate::commands::portal::data::r7_entity;
use crate::failure::Failure;
use crate::format;

/// The rows of the demo.
const DEMO_PEOPLE: u64 = 12_480;
const DEMO_ROWS: [(&str, u64); 4] = [
    ("contact", 25_300),
    ("project", 120),
    ("task", 18_240),
    ("milestone", 300),
];

/// Adds R7-Office to a portal as its arguments say.
pub(crate) fn add_to(config: PortalConfig, args: &PortalArgs) -> Result<PortalConfig, Failure> {
    let mut office = match args.limit {
        RateArg::Off => R7Config::unlimited(),
        RateArg::Rate { .. } => R7Config::new(),
    };
    for token in &args.r7.tokens {
        office = office.token(token.0.as_str(), 1);
    }
    if args.r7.raw_batches {
        office = office.raw_batches();
    }
    if args.r7.group_self {
        office = office.documented_group_self();
    }
    for rows in &args.rows {
        if let Some(entity) = r7_entity(&rows.entity) {
            office = office.rows(entity, rows.rows);
        }
    }
    for load in &args.load.files {
        if let Some(entity) = r7_entity(&load.entity) {
            office = office
                .load(
                    entity,
                    load.read(args.load.fake_names)?.into_iter().collect(),
                )
                .demo_is_local();
        }
    }
    Ok(config.extension(office))
}

/// Starts an R7-Office on a free port of this machine. It knows `group/@self`, so that the examples of the
/// documentation work.
pub(super) async fn start_demo(limit: Option<RateLimit>) -> Result<Demo, Failure> {
    let office = DEMO_ROWS
        .iter()
        .fold(R7Config::new(), |office, &(entity, rows)| {
            office.rows(entity, rows)
        })
        .people(DEMO_PEOPLE)
        .documented_group_self()
        .limit(limit);
    demo::listen(PortalConfig::new().extension(office)).await
}

/// What the demo is, in a line.
pub(super) fn demo_description(server: &Server) -> String {
    format!(
        "demo R7-Office at {}: {} people and more",
        server.address(),
        format::count(DEMO_PEOPLE)
    )
}
