//! What goes wrong on the way does not show in what comes.

use std::time::Duration;

use brimful::tasks::{Condition, Field, Filter, RestVersion};
use brimful::{AppCredentials, Client, MemoryTokenStore, OAuth};
use brimful_portal::{App, Faults, PortalConfig};

use super::ids;
use crate::line::Line;
use crate::support::{builder, portal};

const PORTAL: &str = "https://portal.test";

/// A list comes whole in spite of these faults.
async fn assert_list_is_whole(faults: &str, rest: RestVersion) {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("tasks.task", 6_000)
            .faults(Faults::parse(faults).unwrap()),
    );
    let client = builder(&portal).limit(None).build().unwrap();
    let list = client
        .tasks()
        .list()
        .rest_version(rest)
        .filter(Filter::new().id(Condition::Above(500)))
        .select([Field::TITLE, Field::STATUS]);
    let (tasks, report) = list
        .collect_with_report()
        .await
        .unwrap_or_else(|error| panic!("{faults} by {rest}: {error}"));
    assert_eq!(ids(&tasks), (501..=6_000).collect::<Vec<u64>>(), "{faults}");
    assert!(report.list.retries > 0, "{faults} by {rest} did not show");
}

#[tokio::test(start_paused = true)]
async fn every_task_comes_once_whatever_happens_on_the_way() {
    for faults in [
        "503:times=2 after=1",
        "429:times=1 after=1",
        "500-before:times=2 after=1",
        "502-after:times=2 after=1",
        "reset-before:times=2 after=1",
        "reset-after:times=2 after=1",
        "truncated:times=2 after=1",
        "half-body:times=2 after=1",
        "html-before:times=1 after=1",
        "html-after:times=1 after=1",
        "empty-after:times=1 after=1",
    ] {
        for rest in [RestVersion::Rest2, RestVersion::Rest3] {
            assert_list_is_whole(faults, rest).await;
        }
    }
}

/// The token expires in the middle of the list.
#[tokio::test(start_paused = true)]
async fn a_list_of_tasks_goes_on_over_a_token_that_has_expired() {
    for rest in [RestVersion::Rest2, RestVersion::Rest3] {
        let app = App::new("app.1", "s3cret", "https://app.test/in").signed_in_as(1);
        let portal = portal(
            PortalConfig::unlimited()
                .app(app)
                .address(PORTAL)
                .token_ttl(Duration::from_secs(60))
                .latency(Duration::from_secs(25))
                .rows("tasks.task", 6_000),
        );
        let app = AppCredentials::new("app.1", "s3cret").token_server(PORTAL);
        let store = MemoryTokenStore::new(crate::oauth::tokens(&portal).await);
        let line = Line::to(PORTAL, &portal);
        let client = Client::builder(OAuth::load(app, store).await.unwrap())
            .transport(line.clone())
            .batch_size(20)
            .build()
            .unwrap();
        let tasks = client
            .tasks()
            .list()
            .rest_version(rest)
            .collect()
            .await
            .unwrap();
        assert_eq!(ids(&tasks), (1..=6_000).collect::<Vec<u64>>(), "by {rest}");
        let refreshes = line.to_path("/oauth/token/").len();
        assert!(refreshes > 0, "by {rest} the token did not expire");
    }
}

#[tokio::test(start_paused = true)]
async fn a_storm_from_the_first_request_on_does_not_make_the_list_fall_back() {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("tasks.task", 1_500)
            .faults(Faults::parse("503:times=1; 502-after:times=1; reset-after:times=1").unwrap()),
    );
    let client = builder(&portal).limit(None).build().unwrap();
    let (tasks, report) = client.tasks().list().collect_with_report().await.unwrap();
    assert_eq!((tasks.len(), report.rest), (1_500, RestVersion::Rest3));
}
