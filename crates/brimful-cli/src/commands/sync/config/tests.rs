//! What the file of settings says, and what is refused in it.

use super::*;

fn file(text: &str) -> Result<SyncFile, Failure> {
    SyncFile::parse("brimful.toml".into(), text.to_owned())
}

fn jobs(text: &str) -> Result<Vec<Job>, String> {
    file(text)
        .and_then(|file| file.jobs(&Overrides::default()))
        .map_err(|failure| failure.message)
}

const WHOLE: &str = r#"
every = "15m"

[sync]
to = "sqlite:portal.db"
portal = "demo"
labels = true
entities = ["crm.deal", "users"]

[sync.entity."crm.deal"]
filter = { ">=DATE_CREATE" = "2026-01-01" }
select = ["TITLE", "OPPORTUNITY"]
table = "deals"
"#;

#[test]
fn a_file_says_what_is_kept_and_where() {
    let read = file(WHOLE).unwrap();
    assert_eq!(read.every().unwrap(), Some(Duration::from_secs(900)));
    let [job]: [Job; 1] = jobs(WHOLE).unwrap().try_into().unwrap();
    assert!(job.options.labels);
    assert_eq!(job.store.to_string(), "sqlite:portal.db");
    let deals = &job.entities[0];
    assert_eq!(deals.table, "deals");
    assert_eq!(deals.params["filter"][">=DATE_CREATE"], "2026-01-01");
    assert_eq!(
        deals.params["select"],
        serde_json::json!(["ID", "TITLE", "OPPORTUNITY"])
    );
}

#[test]
fn the_limits_of_a_run_are_settings_too_and_the_command_line_comes_before_them() {
    let text = WHOLE.replace(
        "labels = true",
        "operating-limit = 300\ndeadline = \"10m\"\nrate = \"off\"",
    );
    let [job]: [Job; 1] = jobs(&text).unwrap().try_into().unwrap();
    assert_eq!(job.limits.operating, Some(Duration::from_secs(300)));
    assert_eq!(job.deadline.deadline, Some(Duration::from_secs(600)));
    let overrides = Overrides {
        operating_limit: Some(Duration::from_secs(100)),
        deadline: Some(Duration::from_secs(5)),
        ..Overrides::default()
    };
    let job = file(&text).unwrap().jobs(&overrides).unwrap().remove(0);
    assert_eq!(job.limits.operating, Some(Duration::from_secs(100)));
    assert_eq!(job.deadline.deadline, Some(Duration::from_secs(5)));
}

/// The keys that a section takes, as its refusal of an unknown one names them.
fn keys<S: serde::de::DeserializeOwned>() -> Vec<String> {
    let refusal = toml::from_str::<S>("no-such-key = 1").err().unwrap();
    let names = refusal.message().split('`').skip(3).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn every_setting_has_an_option_and_every_option_a_setting() {
    use clap::Args as _;
    let command = super::super::SyncArgs::augment_args(clap::Command::new("sync"));
    let options = command
        .get_arguments()
        .filter_map(|argument| argument.get_long());
    // These say what one run is to do, and where the settings are.
    let of_one_run = ["list", "config", "accept-deletes", "same-portal"];
    let mut options: Vec<&str> = options
        .filter(|option| !of_one_run.contains(option))
        .collect();
    options.push("ENTITY");
    options.sort_unstable();
    let all = [
        keys::<Content>(),
        keys::<Section>(),
        keys::<EntitySection>(),
    ]
    .concat();
    let mut settings: Vec<&str> = all
        .iter()
        .filter_map(|key| match key.as_str() {
            // Parts of the file.
            "sync" | "portals" | "entity" => None,
            "entities" => Some("ENTITY"),
            // Where a secret is that --portal and --to take themselves.
            "webhook-env" | "webhook-file" => Some("portal"),
            "to-env" => Some("to"),
            key => Some(key),
        })
        .collect();
    settings.sort_unstable();
    settings.dedup();
    assert_eq!(settings, options);
}

#[test]
fn each_portal_has_what_is_its_own_over_what_holds_for_all() {
    let jobs = jobs(
        r#"
[sync]
entities = ["crm.deal"]
[portals.moscow]
portal = "demo"
to = "sqlite:moscow.db"
[portals.kazan]
portal = "https://kazan.bitrix24.ru"
to = "sqlite:kazan.db"
entities = ["tasks"]
deletes = "hard"
"#,
    )
    .unwrap();
    let names: Vec<_> = jobs.iter().map(|job| job.name.as_deref()).collect();
    assert_eq!(names, [Some("kazan"), Some("moscow")]);
    assert_eq!(jobs[0].entities[0].name, "tasks");
    assert_eq!(jobs[0].options.deletes, brimful_export::sync::Deletes::Hard);
    assert_eq!(jobs[1].entities[0].name, "crm.deal");
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (change, line, words) in [
        (("labels = true", "lables = true"), 7, "lables"),
        (("labels = true", "labels = \"yes\""), 7, "boolean"),
        (("\"users\"", "\"uzers\""), 8, "uzers"),
        (("\"15m\"", "\"15\""), 2, "unit"),
        (
            ("\"demo\"", "\"https://x.bitrix24.ru/rest/1/c0de/\""),
            6,
            "webhook-env",
        ),
        (("\"deals\"", "\"my deals\""), 10, "my deals"),
        (
            ("\">=DATE_CREATE\"", "\">=DATE_MODIFY\""),
            10,
            "DATE_MODIFY",
        ),
        (
            ("entity.\"crm.deal\"", "entity.\"crm.lead\""),
            10,
            "crm.lead",
        ),
        (("sqlite:portal.db", "mongodb:portal"), 5, "mongodb"),
        (("labels = true", "operating-limit = 0"), 7, "above 0"),
        (("labels = true", "deadline = \"90\""), 7, "90s"),
        (("\"users\"", "5"), 8, "entities: "),
        (("labels = true", "deadline = 5"), 7, "deadline: "),
        (("labels = true", "deletes = \"sometimes\""), 7, "deletes: "),
        (("sqlite:portal.db", "oracle:x"), 5, "to: oracle"),
        (("\"15m\"", "\"0s\""), 2, "every: "),
        (
            ("portal = \"demo\"", "webhook = \"https://x/c0de/\""),
            6,
            "secret",
        ),
        (
            (
                "portal = \"demo\"",
                "portal = \"demo\"\nwebhook-env = \"X\"",
            ),
            7,
            "webhook-env: ",
        ),
        (
            ("\"users\"", "\"stages\", \"statuses\""),
            8,
            "entities: stages and statuses",
        ),
        (
            ("entities = [\"crm.deal\", \"users\"]", ""),
            4,
            "no entities",
        ),
    ] {
        let text = WHOLE.replace(change.0, change.1);
        let error = match file(&text) {
            Ok(read) => read
                .every()
                .and_then(|_| read.jobs(&Overrides::default()).map(drop))
                .unwrap_err(),
            Err(error) => error,
        };
        let message = error.message;
        assert!(
            message.starts_with(&format!("brimful.toml:{line}: ")) && message.contains(words),
            "{line} {words}: {message}"
        );
        assert!(!message.contains("c0de"), "{message}");
    }
}

#[test]
fn two_portals_in_one_place_are_refused_with_line_and_key() {
    let text = r#"
[sync]
entities = ["crm.deal"]
portal = "demo"
[portals.kazan]
to = "sqlite:portal.db"
[portals.moscow]
to = "sqlite:./portal.db"
"#;
    let error = jobs(text).unwrap_err();
    assert!(
        error.starts_with("brimful.toml:8: to: the portals kazan and moscow"),
        "{error}"
    );
    // They have it from what holds for all.
    let shared = text.replace("to = \"sqlite:portal.db\"", "labels = true");
    let shared = shared.replace("to = \"sqlite:./portal.db\"", "labels = true");
    let shared = shared.replace(
        "portal = \"demo\"",
        "portal = \"demo\"\nto = \"sqlite:x.db\"",
    );
    let error = jobs(&shared).unwrap_err();
    assert!(error.starts_with("brimful.toml:5: to: "), "{error}");
    let apart = text.replace("sqlite:./portal.db", "sqlite:moscow.db");
    assert_eq!(jobs(&apart).unwrap().len(), 2);
}

#[cfg(feature = "postgres")]
#[test]
fn portals_may_share_a_database_in_schemas_of_their_own() {
    let text = r#"
[sync]
entities = ["crm.deal"]
portal = "demo"
to = "postgres://me@host/bi"
[portals.kazan]
schema = "kazan"
[portals.moscow]
schema = "moscow"
"#;
    assert_eq!(jobs(text).unwrap().len(), 2);
    let error = jobs(&text.replace("\"moscow\"", "\"kazan\"")).unwrap_err();
    assert!(error.starts_with("brimful.toml:9: schema: "), "{error}");
    assert!(error.contains("schema of its own"), "{error}");
}

#[test]
fn a_portal_is_named_once_and_a_missing_variable_is_told() {
    let none = WHOLE.replace("portal = \"demo\"\n", "");
    assert!(jobs(&none).unwrap_err().contains("webhook-env"));
    let two = WHOLE.replace(
        "portal = \"demo\"",
        "portal = \"demo\"\nwebhook-env = \"X\"",
    );
    assert!(jobs(&two).unwrap_err().contains("more than once"));
    let unset = WHOLE.replace(
        "portal = \"demo\"",
        "webhook-env = \"BRIMFUL_NO_SUCH_VARIABLE\"",
    );
    let error = jobs(&unset).unwrap_err();
    assert!(
        error.contains("export BRIMFUL_NO_SUCH_VARIABLE=https://"),
        "{error}"
    );
}
