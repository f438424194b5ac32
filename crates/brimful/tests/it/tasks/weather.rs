//! What goes wrong on the way does not show in what comes.

use brimful::tasks::{Field, Filter, Rest, Test};
use brimful_portal::{Faults, PortalConfig};

use super::ids;
use crate::support::{builder, portal};

/// The weather of one list, which is to come whole all the same.
async fn whole(weather: &str, rest: Rest) {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("tasks.task", 6_000)
            .faults(Faults::parse(weather).unwrap()),
    );
    let client = builder(&portal).limit(None).build().unwrap();
    let list = client
        .tasks()
        .list()
        .by(rest)
        .filter(Filter::new().id(Test::Above(500)))
        .select([Field::TITLE, Field::STATUS]);
    let (tasks, report) = list
        .collect()
        .await
        .unwrap_or_else(|error| panic!("{weather} by {rest}: {error}"));
    assert_eq!(
        ids(&tasks),
        (501..=6_000).collect::<Vec<u64>>(),
        "{weather}"
    );
    assert!(report.list.retries > 0, "{weather} by {rest} did not show");
}

#[tokio::test(start_paused = true)]
async fn every_task_comes_once_whatever_happens_on_the_way() {
    for weather in [
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
        for rest in [Rest::Two, Rest::Three] {
            whole(weather, rest).await;
        }
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
    let (tasks, report) = client.tasks().list().collect().await.unwrap();
    assert_eq!((tasks.len(), report.rest), (1_500, Rest::Three));
}
