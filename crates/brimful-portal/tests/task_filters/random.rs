//! Filters, orders and pages, made up at random.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::task::{CRM, NOW, REGIONS, TAGS, WORDS, one_of, text, user};

const DAY: i64 = 86_400;

pub(crate) fn filter(rng: &mut Rng) -> Value {
    let mut filter = Map::new();
    for _ in 0..rng.usize(1..4) {
        add(rng, &mut filter, 3);
    }
    // Passed over at the top.
    if rng.u8(0..10) == 0 {
        filter.insert("::LOGIC".to_owned(), "OR".into());
    }
    Value::Object(filter)
}

fn add(rng: &mut Rng, filter: &mut Map<String, Value>, depth: usize) {
    if depth > 0 && rng.u8(0..3) == 0 {
        let name = match rng.u8(0..6) {
            0 => "::SUBFILTER-PARAMS".to_owned(),
            1 => "::SUBFILTER-ROLEID".to_owned(),
            2 => "::SUBFILTER-PROBLEM".to_owned(),
            3 => "::SUBFILTER-BINDINGS".to_owned(),
            _ => filter.len().to_string(),
        };
        let mut group = Map::new();
        if rng.bool() {
            let logic = if rng.u8(0..3) > 0 { "OR" } else { "AND" };
            group.insert("::LOGIC".to_owned(), logic.into());
        }
        for _ in 0..rng.usize(0..4) {
            add(rng, &mut group, depth - 1);
        }
        filter.insert(name, Value::Object(group));
        return;
    }
    let (key, value) = condition(rng);
    filter.insert(key, value);
}

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(0..from.len())]
}

/// A value or several, as numbers or as texts.
fn numbers(rng: &mut Rng, prefix: &str, one: impl Fn(&mut Rng) -> i64) -> Value {
    let spelt = |rng: &mut Rng| {
        let number = one(rng);
        if rng.bool() {
            json!(number)
        } else {
            json!(number.to_string())
        }
    };
    match prefix {
        "><" | "!><" => {
            let (a, b) = (one(rng), one(rng));
            json!([a.min(b), a.max(b)])
        }
        "" | "=" | "!" | "@" if rng.u8(0..3) == 0 => {
            (0..rng.usize(1..4)).map(|_| spelt(rng)).collect()
        }
        _ => spelt(rng),
    }
}

const RELATIONS: [&str; 11] = ["", "=", "!", "!=", ">", ">=", "<", "<=", "><", "!><", "@"];

fn moment(rng: &mut Rng) -> String {
    let unix = match rng.u8(0..4) {
        0 => NOW + rng.i64(-1..2),
        1 => NOW + DAY,
        _ => NOW - rng.i64(-90 * DAY..400 * DAY),
    };
    let zone = [0, 180, -300, 330, 840, -570][rng.usize(0..6)];
    let told = text(unix, zone);
    match told.strip_suffix("+00:00") {
        Some(utc) if rng.bool() => format!("{utc}Z"),
        _ => told,
    }
}

fn condition(rng: &mut Rng) -> (String, Value) {
    match rng.u8(0..20) {
        0..=5 => number(rng),
        6..=8 => date(rng),
        9..=11 => words(rng),
        12..=14 => people(rng),
        15 => {
            let (key, value): (&str, fn(&mut Rng) -> i64) = if rng.bool() {
                ("DEADLINE_TS", |rng| NOW + rng.i64(-2..3) * DAY)
            } else {
                ("CREATED_DATE_TS", |rng| NOW - rng.i64(0..400) * DAY)
            };
            let prefix = pick(rng, &[">", ">=", "<", "<="]);
            (format!("{prefix}{key}"), json!(value(rng)))
        }
        16 => {
            let (name, value) = [
                ("ONLY_ROOT_TASKS", json!("Y")),
                ("ONLY_ROOT_TASKS", json!("N")),
                ("WO_DEADLINE", json!("Y")),
                ("VIEWED", json!(0)),
                ("VIEWED", json!(1)),
                ("FAVORITE", json!("Y")),
                ("FAVORITE", json!("N")),
                ("!FAVORITE", json!("Y")),
            ][rng.usize(0..8)]
            .clone();
            (name.to_owned(), value)
        }
        17 => {
            let name = pick(rng, &["ROLE", "!ROLE"]).to_owned();
            let roles = ["R", "A", "U", "O"];
            let value = if rng.bool() {
                json!(pick(rng, &roles))
            } else {
                json!([pick(rng, &roles), pick(rng, &roles)])
            };
            (name, value)
        }
        18 => {
            let name = pick(rng, &["TAG", "=TAG"]).to_owned();
            let tag = |rng: &mut Rng| {
                let tag = one_of(rng, &TAGS);
                if rng.bool() {
                    tag.to_uppercase()
                } else {
                    tag.to_owned()
                }
            };
            let value = if rng.bool() {
                json!(tag(rng))
            } else {
                json!([tag(rng), tag(rng)])
            };
            (name, value)
        }
        // What a portal passes over.
        _ => {
            let name = pick(
                rng,
                &[
                    "NO_SUCH",
                    "id",
                    ">id",
                    "title",
                    "CREATED_BY_USER.NAME",
                    "!responsibleId",
                ],
            );
            (name.to_owned(), json!(1))
        }
    }
}

fn number(rng: &mut Rng) -> (String, Value) {
    let prefix = pick(rng, &RELATIONS);
    let (name, value): (&str, fn(&mut Rng) -> i64) = match rng.u8(0..8) {
        0 | 1 => ("ID", |rng| rng.i64(1..21_000)),
        2 => ("PRIORITY", |rng| rng.i64(0..3)),
        3 => ("REAL_STATUS", |rng| rng.i64(1..8)),
        4 => ("STATUS", |rng| rng.i64(-3..8)),
        5 => ("GROUP_ID", |rng| rng.i64(0..6)),
        6 => ("CREATED_BY", user),
        _ => ("RESPONSIBLE_ID", user),
    };
    if rng.u8(0..12) == 0 {
        let prefix = pick(rng, &["", "=", "!", ">"]);
        let value = if prefix == ">" {
            json!(rng.i64(1..30))
        } else {
            json!("")
        };
        return (format!("{prefix}PARENT_ID"), value);
    }
    (format!("{prefix}{name}"), numbers(rng, prefix, value))
}

fn date(rng: &mut Rng) -> (String, Value) {
    let prefix = pick(rng, &["", "=", "!", ">", ">=", "<", "<=", "><", "!><"]);
    let names = [
        "CREATED_DATE",
        "DEADLINE",
        "CLOSED_DATE",
        "CHANGED_DATE",
        "ACTIVITY_DATE",
    ];
    let name = pick(rng, &names);
    let empty = matches!(name, "DEADLINE" | "CLOSED_DATE") && rng.u8(0..4) == 0;
    if empty {
        let prefix = pick(rng, &["", "=", "!"]);
        return (format!("{prefix}{name}"), json!(""));
    }
    let value = match prefix {
        "><" | "!><" => {
            let mut ends = [moment(rng), moment(rng)];
            if rng.bool() {
                ends.reverse();
            }
            json!(ends)
        }
        _ => json!(moment(rng)),
    };
    (format!("{prefix}{name}"), value)
}

fn words(rng: &mut Rng) -> (String, Value) {
    let word = |rng: &mut Rng| {
        let word = one_of(rng, &WORDS);
        match rng.u8(0..3) {
            0 => word.to_uppercase(),
            1 => word.chars().take(3).collect(),
            _ => word.to_owned(),
        }
    };
    match rng.u8(0..5) {
        0 => {
            let prefix = pick(rng, &["", "=", "!", "%", "!%", "@"]);
            let value = if prefix.is_empty() && rng.bool() {
                json!([one_of(rng, &REGIONS), one_of(rng, &REGIONS)])
            } else {
                json!(one_of(rng, &REGIONS).to_uppercase())
            };
            (format!("{prefix}UF_AUTO_101"), value)
        }
        1 => {
            let prefix = pick(rng, &["", "=", "!"]);
            let value = match rng.u8(0..4) {
                0 => json!(""),
                1 => json!([one_of(rng, &CRM), one_of(rng, &CRM)]),
                _ => json!(one_of(rng, &CRM)),
            };
            (format!("{prefix}UF_CRM_TASK"), value)
        }
        2 => {
            let prefix = pick(rng, &["", "=", "!"]);
            (format!("{prefix}MARK"), json!(pick(rng, &["P", "N", ""])))
        }
        _ => {
            let prefix = pick(
                rng,
                &["", "%", "!%", "?", "!", "=", "!=", "*", "*%", "*=", "@"],
            );
            let title = match prefix {
                "=" | "!=" | "*=" | "@" => one_of(rng, &WORDS).to_owned(),
                "*" => format!("{} {}", word(rng), word(rng)),
                _ => word(rng),
            };
            (format!("{prefix}TITLE"), json!(title))
        }
    }
}

fn people(rng: &mut Rng) -> (String, Value) {
    let name = pick(
        rng,
        &[
            "MEMBER",
            "DOER",
            "ACCOMPLICE",
            "AUDITOR",
            "!ACCOMPLICE",
            "!AUDITOR",
            "=AUDITOR",
            "!MEMBER",
        ],
    );
    let value = if rng.bool() {
        json!(user(rng))
    } else {
        json!([user(rng), user(rng).to_string()])
    };
    (name.to_owned(), value)
}

pub(crate) fn order(rng: &mut Rng) -> Value {
    let names = [
        "TITLE",
        "PRIORITY",
        "REAL_STATUS",
        "GROUP_ID",
        "RESPONSIBLE_ID",
        "CREATED_DATE",
        "DEADLINE",
        "CHANGED_DATE",
        "FAVORITE",
    ];
    let mut order = Map::new();
    for _ in 0..rng.usize(0..3) {
        let way = pick(rng, &["ASC", "DESC"]);
        order.insert(pick(rng, &names).to_owned(), way.into());
    }
    // Otherwise the order of equal tasks is nobody's promise.
    order.insert("ID".to_owned(), pick(rng, &["ASC", "DESC"]).into());
    Value::Object(order)
}

pub(crate) fn start(rng: &mut Rng) -> i64 {
    match rng.u8(0..6) {
        0 => -1,
        1 | 2 => 0,
        3 => rng.i64(0..10) * 50,
        4 => rng.i64(0..600),
        _ => rng.i64(0..12_000),
    }
}
