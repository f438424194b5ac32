//! What people call the codes of fields, kept beside the rows.

use std::sync::{Arc, Mutex};

use brimful_export::sync::SyncEvent;

use super::*;

#[tokio::test(start_paused = true)]
async fn labels_stay_where_the_portal_refuses_their_list_and_the_run_warns() {
    let stages =
        json!([{"ID": "1", "ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW", "NAME": "Fresh"}]);
    let refusal = json!({"error": "ACCESS_DENIED", "error_description": "Access denied."});
    let config = PortalConfig::new()
        .rows("deal", 20)
        .reply("crm.status.list", stages)
        .reply("crm.status.list", refusal);
    let bench = Bench::new(config);
    let with_labels = SyncOptions {
        labels: true,
        ..SyncOptions::default()
    };
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&warnings);
    let run = bench
        .run(&bench.store(), &["crm.deal"])
        .options(with_labels)
        .observe(move |event| {
            if let SyncEvent::Warning { text, .. } = event {
                heard.lock().unwrap().push((*text).to_owned());
            }
        });
    let label = "SELECT label FROM crm_deal_labels WHERE field = 'STAGE_ID' AND code = 'NEW'";
    for round in 0..2 {
        let report = run.run().await.unwrap();
        assert!(report.entities[0].1.is_ok(), "{report:?}");
        assert_eq!(bench.rows(label), [["Fresh"]], "round {round}");
        let said = warnings.lock().unwrap().join("; ");
        assert_eq!(said.contains("ACCESS_DENIED"), round == 1, "{said}");
        assert_eq!(said.contains("no labels for"), round == 1, "{said}");
    }
}
