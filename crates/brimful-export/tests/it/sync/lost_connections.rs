//! Connections that a server ends while a sync is under way: PostgreSQL, and MariaDB or MySQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use brimful_export::sync::{SyncEvent, verify};

use super::*;
use crate::databases::{TestDatabase, mysql, postgres};

fn databases(name: &str) -> Vec<TestDatabase> {
    postgres(name).into_iter().chain(mysql(name)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_sync_goes_on_with_new_connections_where_the_server_ends_them() {
    for database in databases("sync_lost") {
        let bench = Bench::new(
            PortalConfig::new()
                .rows("deal", 6_000)
                .rows("task", 60)
                .rows("checklist", 150),
        );
        let run = || bench.run(&database.store, &["crm.deal", "checklists", "currencies"]);
        for round in 0..2_u64 {
            let ended = Arc::new(AtomicU32::new(0));
            let (count, server) = (Arc::clone(&ended), database.clone());
            let run = run().observe(move |event| {
                if matches!(event, SyncEvent::Begun { .. } | SyncEvent::Stored { .. }) {
                    server.end_connections();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
            for (name, result) in run.run().await.unwrap().entities {
                assert!(result.is_ok(), "{} {name}: {result:?}", database.store);
            }
            assert!(ended.load(Ordering::Relaxed) >= 4);
            for id in 1..20 {
                let gone = json!({"id": round * 100 + id});
                bench.call("crm.deal.delete", gone).await;
                let fields = json!({"TITLE": format!("changed {round}")});
                let change = json!({"id": 5_000 + id, "fields": fields});
                bench.call("crm.deal.update", change).await;
            }
            pass(10).await;
        }
        run().run().await.unwrap();
        for (name, verification) in verify(&run(), usize::MAX).await.unwrap() {
            let verification = verification.unwrap();
            assert!(
                verification.is_equal() && verification.compared > 0,
                "{} {name}: {verification:?}",
                database.store
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lost_its_lock_to_another_one_writes_no_more() {
    for database in databases("sync_lost_lock") {
        let take_lock = match database.store {
            Store::Postgres(_) => {
                "SELECT pg_advisory_lock(hashtext('brimful sync ' || current_schema()))::text"
            }
            _ => "SELECT CAST(GET_LOCK(CONCAT('brimful sync ', LEFT(DATABASE(), 50)), 5) AS CHAR)",
        };
        let bench = Bench::new(PortalConfig::new().rows("deal", 6_000));
        let stored = Arc::new(AtomicU32::new(0));
        let (count, server) = (Arc::clone(&stored), database.clone());
        let run = bench.run(&database.store, &["crm.deal"]);
        let run = run.observe(move |event| {
            if matches!(event, SyncEvent::Stored { .. })
                && count.fetch_add(1, Ordering::Relaxed) == 0
            {
                server.end_connections();
                server.ask_and_stay(take_lock);
            }
        });
        let error = run.run().await.unwrap().entities.remove(0).1.unwrap_err();
        assert!(matches!(error, SyncError::Locked { .. }), "{error:?}");
        assert_eq!(stored.load(Ordering::Relaxed), 1);
        // The other one ends, and a run goes on where the first one was.
        database.end_connections();
        let run = bench.run(&database.store, &["crm.deal"]);
        let report = run.run().await.unwrap().entities.remove(0).1.unwrap();
        assert!(report.rows == 6_000 && report.read < 6_000, "{report:?}");
    }
}
