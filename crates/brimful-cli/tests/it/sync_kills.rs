//! Syncs that are killed: rows come, change, go and come back while runs begin, meet faults and are ended by SIGKILL.
//! After the last run the store equals the portal, row by row.
//!
//! `BRIMFUL_TEST_HISTORIES` says how many histories are played for each store; `./test` plays a few.

use std::process::{Command, Stdio};
use std::time::Duration;

use brimful::Client;
use brimful_portal::{App, Fault, FaultRule, FaultTiming, PortalConfig};
use serde_json::{Value, json};

use crate::login::{SECRET, browse, login_with_code};
use crate::support::{Running, Workspace, portal, stderr, stdout};

/// Runs of a history before the last one, and those of them that are killed.
const RUNS: u64 = 6;
const KILLED: [u64; 4] = [0, 1, 3, 4];
/// Batches that every run sends, whatever it finds: the fields, and one for each entity.
const BATCHES: u64 = 1 + ENTITIES.len() as u64;
/// How long a reply is held that a run waits for when it is killed.
const HELD: Duration = Duration::from_secs(3_600);
const ENTITIES: [&str; 5] = ["crm.deal", "tasks", "checklists", "users", "statuses"];

/// A small random generator, so that a history is its seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n.max(1)
    }
}

/// How many histories are played where not told otherwise.
fn histories(few: u64) -> u64 {
    let told = std::env::var("BRIMFUL_TEST_HISTORIES").ok();
    told.map_or(few, |told| told.parse().unwrap())
}

struct History {
    seed: u64,
    chance: Chance,
    workspace: Workspace,
    portal: Running,
    runtime: tokio::runtime::Runtime,
    client: Client,
    /// The IDs of deals and tasks that there are.
    deals: Vec<u64>,
    tasks: Vec<u64>,
    store: String,
    /// How the program finds the portal: a webhook, or a login whose tokens expire.
    access: [String; 2],
    fields: u64,
    killed: u64,
    /// What is done to the store after a run was killed.
    after_kill: Box<dyn Fn()>,
}

impl History {
    fn new(seed: u64, store: &str) -> Self {
        let mut chance = Chance(seed);
        // Every third one has more rows than go into one transaction.
        let deals = if seed % 3 == 1 {
            6_000
        } else {
            200 + chance.below(500)
        };
        let tasks = 60 + chance.below(200);
        let config = PortalConfig::unlimited()
            .seed(seed)
            .rows("crm.deal", deals)
            .rows("task", tasks)
            .rows("user", 20)
            .app(App::new("local.app", SECRET, "http://127.0.0.1:9/").signed_in_as(1));
        let portal = portal(config);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let client =
            runtime.block_on(async { Client::builder(portal.url()).limit(None).build().unwrap() });
        let workspace = Workspace::new();
        let access = if seed % 2 == 1 {
            let origin = portal.server.origin();
            let page = format!("{origin}/oauth/authorize/?client_id=local.app&state=x");
            let (_, location, _) = browse(&page);
            let output = login_with_code(&workspace, &origin, &location.unwrap());
            assert!(output.status.success(), "{}", stderr(&output));
            origin
        } else {
            portal.url()
        };
        Self {
            seed,
            chance,
            workspace,
            access: ["--portal".to_owned(), access],
            portal,
            runtime,
            client,
            deals: (1..=deals).collect(),
            tasks: (1..=tasks).collect(),
            store: store.to_owned(),
            fields: 0,
            killed: 0,
            after_kill: Box::new(|| {}),
        }
    }

    fn call(&self, method: &str, params: Value) -> Value {
        let reply = self.runtime.block_on(self.client.call(method, params));
        reply.unwrap().result().unwrap()
    }

    /// Changes something in the portal.
    fn change(&mut self) {
        let n = self.chance.below(100_000);
        let deal = self.chance.below(self.deals.len() as u64) as usize;
        let task = self.chance.below(self.tasks.len() as u64) as usize;
        match self.chance.below(12) {
            0 | 1 => {
                let fields = json!({"TITLE": format!("deal {n}"), "OPPORTUNITY": n});
                let id = self.call("crm.deal.add", json!({"fields": fields}));
                self.deals.push(id.as_u64().unwrap());
            }
            2 => {
                let id = self.deals.swap_remove(deal);
                self.call("crm.deal.delete", json!({"id": id}));
            }
            3 => {
                let fields =
                    json!({"TITLE": format!("task {n}"), "RESPONSIBLE_ID": 1, "CREATED_BY": 1});
                let added = self.call("tasks.task.add", json!({"fields": fields}));
                let id = added["task"]["id"].as_str().unwrap().parse();
                self.tasks.push(id.unwrap());
            }
            4 => {
                let id = self.tasks.swap_remove(task);
                self.call("tasks.task.delete", json!({"taskId": id}));
            }
            5 | 6 => {
                // The item alone would not date its task.
                let item = json!({"TITLE": format!("item {n}"), "PARENT_ID": 0});
                self.call("task.checklistitem.add", json!([self.tasks[task], item]));
                let fields = json!({"TITLE": format!("it's task \\ {n}")});
                self.call(
                    "tasks.task.update",
                    json!({"taskId": self.tasks[task], "fields": fields}),
                );
            }
            7 if self.fields < 3 => {
                self.fields += 1;
                let field = json!({"FIELD_NAME": format!("LOCAL_{}", self.fields), "USER_TYPE_ID": "integer"});
                self.call("crm.deal.userfield.add", json!({"fields": field}));
            }
            _ => {
                let mut fields = json!({"TITLE": format!("it's \\ {n}"), "OPPORTUNITY": n});
                if self.fields > 0 {
                    fields[format!("UF_CRM_LOCAL_{}", self.fields)] = json!(n);
                }
                self.call(
                    "crm.deal.update",
                    json!({"id": self.deals[deal], "fields": fields}),
                );
            }
        }
    }

    /// What a real portal may do to a run.
    fn add_fault(&mut self) {
        let faults = self.portal.server.portal().faults();
        faults.clear();
        let fault = match self.chance.below(12) {
            0 => Fault::Status(502, FaultTiming::AfterWork),
            1 => Fault::Reset(FaultTiming::BeforeWork),
            2 => Fault::Truncated,
            3 => Fault::EmptyPage,
            4 => Fault::ShortPage,
            5 => Fault::HalfBody,
            6 => Fault::QueryLimit,
            7 => Fault::OperatingLimit,
            8 | 9 => Fault::ExpiredToken,
            _ => return,
        };
        let list = ["crm.deal.list", "tasks.task.list"][self.chance.below(2) as usize];
        let rule = FaultRule::every(1 + self.chance.below(3), fault)
            .on(list)
            .times(1 + self.chance.below(2));
        faults.add(rule);
    }

    /// The program, with the keys of the storage that `./test` starts.
    fn program(&self, args: &[&str]) -> Command {
        let mut command = self.workspace.command(args);
        command
            .env("AWS_ACCESS_KEY_ID", "a-key")
            .env("AWS_SECRET_ACCESS_KEY", "a secret");
        command
    }

    fn sync(&self, more: &[&str]) -> Vec<String> {
        let mut args = vec!["sync"];
        args.extend(ENTITIES);
        args.extend(["--to", &self.store, "--rate", "off"]);
        args.extend(self.access.iter().map(String::as_str));
        args.extend(more);
        args.into_iter().map(str::to_owned).collect()
    }

    /// Runs a sync while rows change. It is killed while it waits for the reply to one of its batches, or before: in the
    /// middle of what it does with the replies that came.
    fn run_while_rows_change(&mut self, is_killed: bool) {
        let mut options = vec!["--accept-deletes"];
        let batches = self.chance.below(BATCHES);
        if is_killed {
            let held = FaultRule::every(1, Fault::Delay(HELD)).on("batch");
            let faults = self.portal.server.portal().faults();
            faults.add(held.after(batches).times(1));
        } else {
            options.extend(["--deadline", "2s"]);
        }
        let args = self.sync(&options);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        // Those of the program are what the portal has received but for one's own.
        let sent = |history: &Self| {
            let received = history.portal.server.portal().stats().requests;
            received.saturating_sub(history.client.stats().requests)
        };
        let before = sent(self);
        let mut child = self
            .program(&args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut seen = 0;
        let ended = loop {
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            let so_far = sent(self).saturating_sub(before);
            if so_far > seen {
                seen = so_far;
                if self.chance.below(3) == 0 {
                    self.change();
                }
            }
            if is_killed && seen > batches {
                // Others of its requests are answered meanwhile.
                for _ in 0..self.chance.below(6_000) {
                    std::thread::yield_now();
                }
                // SIGKILL.
                child.kill().unwrap();
                let ended = child.wait().unwrap();
                (self.after_kill)();
                break ended;
            }
            std::thread::yield_now();
        };
        // A process that was killed has no exit code.
        self.killed += u64::from(ended.code().is_none());
    }

    /// Rows that the store took for deleted come back as they were, so no time of a change tells of them.
    fn restore_rows(&mut self) {
        let Some(file) = self.store.strip_prefix("sqlite:") else {
            return;
        };
        let database = rusqlite::Connection::open(self.workspace.path(file)).unwrap();
        let id = self.deals[self.chance.below(self.deals.len() as u64) as usize];
        let sql = format!(
            "UPDATE crm_deal SET _deleted_at = '2026-01-01T00:00:00+03:00' WHERE ID = {id}"
        );
        // A run that was killed early has made no table.
        let _ = database.execute_batch(&sql);
    }

    /// Plays it.
    fn play(mut self) {
        for run in 0..RUNS {
            self.add_fault();
            self.run_while_rows_change(KILLED.contains(&run));
            for _ in 0..self.chance.below(8) {
                self.change();
            }
            if self.chance.below(2) == 0 {
                self.restore_rows();
            }
        }
        self.portal.server.portal().faults().clear();
        let last = self.sync(&["--accept-deletes"]);
        let last: Vec<&str> = last.iter().map(String::as_str).collect();
        let output = self.program(&last).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        self.assert_equal();
        assert_eq!(self.killed, KILLED.len() as u64, "seed {}", self.seed);
    }

    /// Compares all rows with the portal's.
    fn assert_equal(&self) {
        let mut args = vec![
            "verify",
            "--to",
            &self.store,
            "--sample",
            "100000",
            "--rate",
            "off",
        ];
        args.extend(self.access.iter().map(String::as_str));
        let output = self.program(&args).output().unwrap();
        let said = format!("seed {}\n{}{}", self.seed, stdout(&output), stderr(&output));
        assert!(output.status.success(), "{said}");
        assert_eq!(said.matches("equal").count(), ENTITIES.len(), "{said}");
        let Some(file) = self.store.strip_prefix("sqlite:") else {
            return;
        };
        // Without a part of the sync that might be wrong in the same way.
        let database = rusqlite::Connection::open(self.workspace.path(file)).unwrap();
        let sql =
            "SELECT ID, TITLE, OPPORTUNITY FROM crm_deal WHERE _deleted_at IS NULL ORDER BY ID";
        let mut statement = database.prepare(sql).unwrap();
        let stored = statement.query_map([], |row| {
            Ok((
                row.get::<_, i64>(0)? as u64,
                row.get::<_, String>(1)?,
                row.get::<_, f64>(2)?,
            ))
        });
        let stored: Vec<_> = stored.unwrap().map(Result::unwrap).collect();
        let mut deals = self.deals.clone();
        deals.sort_unstable();
        let ids: Vec<u64> = stored.iter().map(|row| row.0).collect();
        assert_eq!(ids, deals);
        for (id, title, opportunity) in stored.iter().rev().take(50) {
            let deal = self.call("crm.deal.get", json!({"id": id}));
            assert_eq!(deal["TITLE"], *title, "{id}");
            let theirs: f64 = deal["OPPORTUNITY"].as_str().unwrap().parse().unwrap();
            assert!(
                (theirs - opportunity).abs() < 0.01,
                "{id}: {theirs} {opportunity}"
            );
        }
    }
}

#[test]
fn after_syncs_that_were_killed_a_file_of_sqlite_equals_the_portal() {
    for seed in 0..histories(6) {
        History::new(seed, "sqlite:portal.db").play();
    }
}

/// What it says of itself in the environment, if `./test` has started it.
#[cfg(any(
    feature = "clickhouse",
    feature = "mysql",
    feature = "postgres",
    feature = "s3"
))]
fn server(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(feature = "postgres")]
#[test]
fn after_syncs_that_were_killed_a_schema_of_postgresql_equals_the_portal() {
    let Some(url) = server("BRIMFUL_TEST_POSTGRES") else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, connection) = runtime
        .block_on(tokio_postgres::connect(&url, tokio_postgres::NoTls))
        .unwrap();
    runtime.spawn(connection);
    for seed in 0..histories(3) {
        let drop = format!("DROP SCHEMA IF EXISTS killed_{seed} CASCADE");
        runtime.block_on(server.batch_execute(&drop)).unwrap();
        let store = format!("{url}?options=-csearch_path%3Dkilled_{seed}");
        History::new(seed, &store).play();
    }
}

#[cfg(feature = "mysql")]
#[test]
fn after_syncs_that_were_killed_a_database_of_mysql_equals_the_portal() {
    use mysql::prelude::Queryable;
    let Some(url) = server("BRIMFUL_TEST_MYSQL") else {
        return;
    };
    let mut server = mysql::Conn::new(mysql::Opts::from_url(&url).unwrap()).unwrap();
    let (host, _) = url.rsplit_once('/').unwrap();
    for seed in 0..histories(3) {
        let name = format!("killed_{seed}");
        server
            .query_drop(format!("DROP DATABASE IF EXISTS {name}"))
            .unwrap();
        server
            .query_drop(format!("CREATE DATABASE {name}"))
            .unwrap();
        History::new(seed, &format!("{host}/{name}")).play();
    }
}

/// Has a server of ClickHouse run a statement in the database of an address.
#[cfg(feature = "clickhouse")]
fn execute_in_clickhouse(url: &str, sql: &str) {
    let (host, database) = url.rsplit_once('/').unwrap();
    let address = host.replacen("clickhouse://", "http://", 1);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = brimful::HttpOptions::reqwest_builder().unwrap().build();
    let request = client
        .unwrap()
        .post(format!("{address}/?database={database}"));
    let answer = runtime.block_on(request.body(sql.to_owned()).send());
    assert!(answer.unwrap().status().is_success(), "{sql}");
}

#[cfg(feature = "clickhouse")]
#[test]
fn after_syncs_that_were_killed_a_database_of_clickhouse_equals_the_portal() {
    let Some(url) = server("BRIMFUL_TEST_CLICKHOUSE") else {
        return;
    };
    let (host, _) = url.rsplit_once('/').unwrap();
    for seed in 0..histories(2) {
        let name = format!("killed_{seed}");
        execute_in_clickhouse(&url, &format!("DROP DATABASE IF EXISTS {name}"));
        execute_in_clickhouse(&url, &format!("CREATE DATABASE {name}"));
        let store = format!("{host}/{name}");
        let mut history = History::new(seed, &store);
        // The lease of a run that was killed ends after two minutes.
        history.after_kill = Box::new(move || {
            execute_in_clickhouse(&store, "TRUNCATE TABLE IF EXISTS _brimful_lease");
        });
        history.play();
    }
}

#[cfg(feature = "clickhouse")]
#[test]
fn a_sync_into_clickhouse_that_was_killed_keeps_the_next_one_out_until_its_lease_ends() {
    let Some(url) = server("BRIMFUL_TEST_CLICKHOUSE") else {
        return;
    };
    let store = format!("{}/killed_lease", url.rsplit_once('/').unwrap().0);
    execute_in_clickhouse(&url, "DROP DATABASE IF EXISTS killed_lease");
    execute_in_clickhouse(&url, "CREATE DATABASE killed_lease");
    let mut history = History::new(2, &store);
    while history.killed == 0 {
        history.run_while_rows_change(true);
    }
    history.portal.server.portal().faults().clear();
    let args = history.sync(&["--accept-deletes"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = history.program(&args).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("another sync is running there"), "{said}");
    assert!(said.contains("its lease ends in"), "{said}");
    // As if the time had passed.
    let expire = "INSERT INTO _brimful_lease (run, holder, is_held, expires, version) SELECT run, any(holder), 1, now(), \
                  max(version) + 1 FROM _brimful_lease GROUP BY run";
    execute_in_clickhouse(&store, expire);
    let output = history.program(&args).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[cfg(feature = "parquet")]
#[test]
fn after_syncs_that_were_killed_a_folder_of_parquet_equals_the_portal() {
    for seed in 0..histories(6) {
        History::new(seed, "parquet:portal").play();
    }
}

#[cfg(feature = "s3")]
#[test]
fn after_syncs_that_were_killed_the_objects_of_a_bucket_equal_the_portal() {
    let (Some(endpoint), Some(folder)) =
        (server("BRIMFUL_TEST_S3"), server("BRIMFUL_TEST_S3_FOLDER"))
    else {
        return;
    };
    std::fs::create_dir_all(format!("{folder}/killed")).unwrap();
    for seed in 0..histories(2) {
        let _ = std::fs::remove_dir_all(format!("{folder}/killed/{seed}"));
        History::new(seed, &format!("s3://killed/{seed}/?endpoint={endpoint}")).play();
    }
}
