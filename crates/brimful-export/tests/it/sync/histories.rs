//! Random histories: whatever happens to rows and to runs, after the last run the store equals the portal.

use brimful_portal::{Fault, FaultRule};

use super::*;

/// A small random generator, so that a history is its seed.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n.max(1)
    }
}

/// What is done to the rows of an entity.
pub(super) struct Kind {
    pub(super) entity: &'static str,
    add: &'static str,
    update: &'static str,
    delete: &'static str,
    id: &'static str,
    params: fn(u64, u64) -> Value,
}

pub(super) const DEALS: Kind = Kind {
    entity: "crm.deal",
    add: "crm.deal.add",
    update: "crm.deal.update",
    delete: "crm.deal.delete",
    id: "id",
    params: |id, n| json!({"id": id, "fields": {"TITLE": format!("deal {n}"), "OPPORTUNITY": n}}),
};

pub(super) const TASKS: Kind = Kind {
    entity: "tasks",
    add: "tasks.task.add",
    update: "tasks.task.update",
    delete: "tasks.task.delete",
    id: "taskId",
    params: |id, n| json!({"taskId": id, "fields": {"TITLE": format!("task {n}"), "RESPONSIBLE_ID": 1, "CREATED_BY": 1}}),
};

const CONTACTS: Kind = Kind {
    entity: "crm.contact",
    add: "crm.contact.add",
    update: "crm.contact.update",
    delete: "crm.contact.delete",
    id: "id",
    params: |id, n| json!({"id": id, "fields": {"NAME": format!("contact {n}"), "PHONE": [{"VALUE": n.to_string(), "VALUE_TYPE": "WORK"}]}}),
};

/// Changes some rows.
async fn change(bench: &Bench, kind: &Kind, chance: &mut Chance, live: &mut Vec<u64>) {
    for _ in 0..chance.below(12) {
        tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
        let place = chance.below(live.len() as u64) as usize;
        match chance.below(8) {
            0 | 1 => {
                let added = bench
                    .call(kind.add, (kind.params)(0, chance.below(1_000)))
                    .await;
                let id = added
                    .as_u64()
                    .or_else(|| added["task"]["id"].as_str()?.parse().ok());
                live.push(id.unwrap());
            }
            2 => {
                let id = live.swap_remove(place);
                bench.call(kind.delete, json!({kind.id: id})).await;
            }
            _ => {
                bench
                    .call(kind.update, (kind.params)(live[place], chance.below(1_000)))
                    .await;
            }
        }
    }
}

/// The faults of a history. All of them can happen to a real portal.
pub(super) fn faults(chance: &mut Chance) -> Option<Fault> {
    use brimful_portal::FaultTiming;
    Some(match chance.below(9) {
        0 => Fault::QueryLimit,
        1 => Fault::Status(502, FaultTiming::AfterWork),
        2 => Fault::Reset(FaultTiming::BeforeWork),
        3 => Fault::Truncated,
        4 => Fault::EmptyPage,
        5 => Fault::ShortPage,
        6 => Fault::HalfBody,
        _ => return None,
    })
}

/// Plays a history on a file of SQLite.
async fn play(kind: &Kind, seed: u64) {
    let bench = play_on(kind, seed, Bench::store, |_| {}).await;
    bench.assert_equal(kind.entity).await;
}

/// Plays a history on a store, which is looked at after each run, and ends it with a run that is not disturbed.
pub(super) async fn play_on(
    kind: &Kind,
    seed: u64,
    store: impl Fn(&Bench) -> Store,
    look: impl Fn(&Store),
) -> Bench {
    let mut chance = Chance(seed);
    let rows = 60 + chance.below(400);
    let entity = kind
        .entity
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .trim_end_matches('s');
    let config = PortalConfig::new()
        .rows(entity, rows)
        .seed(seed)
        .latency(Duration::from_millis(150));
    let bench = Bench::new(config);
    let store = store(&bench);
    let mut live: Vec<u64> = (1..=rows).collect();
    for _ in 0..6 {
        bench.portal.faults().clear();
        if let Some(fault) = faults(&mut chance) {
            // Only reads meet faults: the outcome of a failed write would be unknown.
            let list = kind.entity.parse::<SyncEntity>().unwrap().method;
            let rule = FaultRule::every(2 + chance.below(5), fault)
                .on(list)
                .times(1 + chance.below(4));
            bench.portal.faults().add(rule);
        }
        let run = bench.run(&store, &[kind.entity]).options(accepting());
        let cut = (chance.below(2) == 0).then(|| Duration::from_millis(chance.below(1_500)));
        let sync = async {
            match cut {
                // The process ends in the middle of whatever it does.
                Some(cut) => drop(tokio::time::timeout(cut, run.run()).await),
                None => drop(run.run().await),
            }
        };
        tokio::join!(sync, change(&bench, kind, &mut chance, &mut live));
        look(&store);
        if chance.below(2) == 0 {
            pass(chance.below(90)).await;
        }
    }
    bench.portal.faults().clear();
    let run = bench.run(&store, &[kind.entity]).options(accepting());
    let mut report = run.run().await;
    // A run that was cut releases the store a moment later.
    while let Err(SyncError::Locked { .. }) = report {
        tokio::task::yield_now().await;
        report = run.run().await;
    }
    report.unwrap().entities.remove(0).1.unwrap();
    look(&store);
    bench
}

#[tokio::test(start_paused = true)]
async fn after_random_histories_of_deals_the_store_equals_the_portal() {
    for seed in 0..30 {
        play(&DEALS, seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_random_histories_of_tasks_the_store_equals_the_portal() {
    for seed in 100..120 {
        play(&TASKS, seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_random_histories_of_contacts_the_store_equals_the_portal() {
    for seed in 200..220 {
        play(&CONTACTS, seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_of_this_machine_that_is_wrong_by_hours_loses_nothing() {
    for skew in [-36_000.0, 36_000.0] {
        let bench = Bench::new(PortalConfig::new().rows("deal", 100).skew_seconds(skew));
        bench.sync("crm.deal").await.unwrap();
        for round in 0..3 {
            bench
                .call(
                    "crm.deal.update",
                    json!({"id": 5 + round, "fields": {"TITLE": "changed"}}),
                )
                .await;
            pass(20).await;
            let report = bench.sync("crm.deal").await.unwrap();
            assert_eq!((report.read, report.written), (1, 1));
        }
        bench.assert_equal("crm.deal").await;
    }
}
