//! The specification of filters, read for one task at a time: slowly, and without a thought for the portal.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::task::{ME, NOW, Task, leap, length};

const DAY: i64 = 86_400;

/// Whether the filter lets a task through. At the top all conditions hold, whatever `::LOGIC` says.
pub(crate) fn matches(filter: &Value, task: &Task) -> bool {
    let entries = entries(filter.as_object().unwrap());
    entries
        .iter()
        .filter_map(|(key, value)| entry(key, value, task))
        .all(|holds| holds)
}

/// The entries that count: where `CHANGED_DATE` is asked for `ACTIVITY_DATE` is not heeded.
fn entries(filter: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let changed = filter.keys().any(|key| split(key).1 == "CHANGED_DATE");
    filter
        .iter()
        .filter(|(key, _)| *key != "::LOGIC" && !(changed && split(key).1 == "ACTIVITY_DATE"))
        .collect()
}

/// Nothing, where the group is passed over.
fn group(filter: &Map<String, Value>, task: &Task) -> Option<bool> {
    let said: Vec<Option<bool>> = entries(filter)
        .iter()
        .map(|(key, value)| entry(key, value, task))
        .collect();
    let or = filter
        .get("::LOGIC")
        .is_some_and(|logic| logic.as_str() == Some("OR"));
    if said.iter().all(Option::is_none) || (or && said.iter().any(Option::is_none)) {
        return None;
    }
    let mut holds = said.into_iter().flatten();
    Some(if or {
        holds.any(|holds| holds)
    } else {
        holds.all(|holds| holds)
    })
}

/// The prefix and the name.
fn split(key: &str) -> (&str, &str) {
    for prefix in [
        "!><", "><", ">=", "<=", "!=", "!%", "*=", "*%", ">", "<", "!", "=", "%", "?", "*", "@",
    ] {
        if let Some(name) = key.strip_prefix(prefix) {
            return (prefix, name);
        }
    }
    ("", key)
}

/// What one entry says of a task; nothing, where the portal passes over it.
fn entry(key: &str, value: &Value, task: &Task) -> Option<bool> {
    if key.bytes().all(|b| b.is_ascii_digit()) || key.starts_with("::SUBFILTER-") {
        return group(value.as_object()?, task);
    }
    let (prefix, name) = split(key);
    let number = |have: Option<i64>| numbers(prefix, have, value);
    let words = |have: &[&str]| texts(prefix, have, value);
    match name {
        "ID" => number(Some(task.id as i64)),
        "PRIORITY" => number(Some(task.priority)),
        "CREATED_BY" => number(Some(task.created_by)),
        "RESPONSIBLE_ID" => number(Some(task.responsible)),
        "GROUP_ID" => number(Some(task.group)),
        "PARENT_ID" => number(task.parent),
        "REAL_STATUS" => number(Some(task.status)),
        "STATUS" => number(Some(sub_status(task))),
        "TITLE" => title(prefix, &task.title, value),
        "MARK" => words(&task.mark.into_iter().collect::<Vec<_>>()),
        "UF_AUTO_101" => words(&task.region.into_iter().collect::<Vec<_>>()),
        "UF_CRM_TASK" => words(&task.crm),
        "FAVORITE" => words(&[if task.favorite { "Y" } else { "N" }]),
        "CREATED_DATE" => dates(prefix, Some(task.created), value),
        "DEADLINE" => dates(prefix, task.deadline, value),
        "CLOSED_DATE" => dates(prefix, task.closed, value),
        "CHANGED_DATE" => dates(prefix, Some(task.changed.unwrap_or(task.created)), value),
        "ACTIVITY_DATE" => dates(prefix, Some(task.activity.unwrap_or(task.created)), value),
        "DEADLINE_TS" => number(task.deadline),
        "CREATED_DATE_TS" => number(Some(task.created)),
        "MEMBER" => Some(
            is_one(task.created_by, value)
                || is_one(task.responsible, value)
                || has_one(&task.accomplices, value)
                || has_one(&task.auditors, value),
        ),
        "DOER" => Some(is_one(task.responsible, value) || has_one(&task.accomplices, value)),
        "ACCOMPLICE" => Some(helper(prefix, &task.accomplices, value)),
        "AUDITOR" => Some(helper(prefix, &task.auditors, value)),
        "ROLE" => {
            let holds = list(value).iter().any(|role| match role.as_str().unwrap() {
                "R" => task.responsible == ME,
                "A" => task.accomplices.contains(&ME),
                "U" => task.auditors.contains(&ME),
                "O" => task.created_by == ME,
                other => panic!("no role {other}"),
            });
            Some(holds != (prefix == "!"))
        }
        "TAG" => Some(list(value).iter().all(|wanted| {
            let wanted = lower(wanted);
            task.tags.iter().any(|tag| tag.to_lowercase() == wanted)
        })),
        "VIEWED" => {
            let unseen = task.not_viewed && (task.status == 1 || task.status == 2);
            Some((value != &Value::from(0)) != unseen)
        }
        "ONLY_ROOT_TASKS" if value == "Y" => Some(task.parent.is_none()),
        "WO_DEADLINE" if value == "Y" => Some(task.deadline.is_none()),
        _ => None,
    }
}

/// -1 overdue, -2 not seen, -3 due within a day; the stored status otherwise.
pub(crate) fn sub_status(task: &Task) -> i64 {
    let deadline_matters = match task.status {
        4 | 5 => false,
        7 => task.responsible != ME,
        _ => true,
    };
    if let Some(deadline) = task.deadline
        && deadline_matters
    {
        if deadline < NOW {
            return -1;
        }
        if deadline < NOW + DAY {
            return -3;
        }
    }
    if task.not_viewed && task.created_by != ME && (task.status == 1 || task.status == 2) {
        return -2;
    }
    task.status
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

fn int(value: &Value) -> i64 {
    value
        .as_i64()
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn lower(value: &Value) -> String {
    value.as_str().unwrap().to_lowercase()
}

fn is_one(have: i64, value: &Value) -> bool {
    list(value).iter().any(|one| int(one) == have)
}

fn has_one(have: &[i64], value: &Value) -> bool {
    have.iter().any(|one| is_one(*one, value))
}

/// Helpers and onlookers: after `!` there is one who is none of these.
fn helper(prefix: &str, have: &[i64], value: &Value) -> bool {
    if prefix == "!" {
        have.iter().any(|one| !is_one(*one, value))
    } else {
        has_one(have, value)
    }
}

/// Numbers and moments: a negation lets through what has no value.
fn ordered(prefix: &str, have: Option<i64>, wanted: &[Option<i64>]) -> bool {
    let with = |test: &dyn Fn(i64, i64) -> bool| {
        let wanted = wanted[0];
        have.zip(wanted)
            .is_some_and(|(have, wanted)| test(have, wanted))
    };
    let between = || match (have, wanted) {
        (Some(have), [Some(low), Some(high)]) => have >= *low && have <= *high,
        _ => false,
    };
    match prefix {
        ">" => with(&|have, wanted| have > wanted),
        ">=" => with(&|have, wanted| have >= wanted),
        "<" => with(&|have, wanted| have < wanted),
        "<=" => with(&|have, wanted| have <= wanted),
        "><" => between(),
        "!><" => !between(),
        "!" | "!=" | "!%" => !wanted.contains(&have),
        _ => wanted.contains(&have),
    }
}

fn numbers(prefix: &str, have: Option<i64>, value: &Value) -> Option<bool> {
    let wanted: Vec<Option<i64>> = list(value)
        .iter()
        .map(|one| (one != "").then(|| int(one)))
        .collect();
    (!wanted.is_empty()).then(|| ordered(prefix, have, &wanted))
}

fn dates(prefix: &str, have: Option<i64>, value: &Value) -> Option<bool> {
    let wanted: Vec<Option<i64>> = list(value)
        .iter()
        .map(|one| (one != "").then(|| moment(one.as_str().unwrap())))
        .collect();
    Some(ordered(prefix, have, &wanted))
}

/// Years, months and days counted one by one.
fn moment(text: &str) -> i64 {
    let at = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let (year, month, day) = (at(0, 4), at(5, 7), at(8, 10));
    let mut days = 0;
    for year in 1970..year {
        days += 365 + leap(year);
    }
    for month in 1..month {
        days += length(year, month);
    }
    days += day - 1;
    let time = at(11, 13) * 3600 + at(14, 16) * 60 + at(17, 19);
    let zone = match &text[19..20] {
        "Z" => 0,
        sign => {
            let zone = at(20, 22) * 3600 + at(23, 25) * 60;
            if sign == "-" { -zone } else { zone }
        }
    };
    days * DAY + time - zone
}

/// Texts without regard to case; of several values one has to be.
fn texts(prefix: &str, have: &[&str], value: &Value) -> Option<bool> {
    let have: Vec<String> = have.iter().map(|text| text.to_lowercase()).collect();
    let wanted = list(value);
    if wanted.is_empty() {
        return None;
    }
    if value == "" {
        return Some(have.is_empty() != prefix.starts_with('!'));
    }
    let part = prefix.contains('%') || prefix == "?";
    let holds = wanted.iter().any(|wanted| {
        let wanted = lower(wanted);
        have.iter().any(|have| {
            if part {
                have.contains(&wanted)
            } else {
                *have == wanted
            }
        })
    });
    Some(holds != prefix.starts_with('!'))
}

/// A title is searched for a part where no other prefix than `!` is given.
fn title(prefix: &str, have: &str, value: &Value) -> Option<bool> {
    let have = have.to_lowercase();
    let wanted = lower(value);
    Some(match prefix {
        "" | "%" | "?" | "*%" => have.contains(&wanted),
        "!" | "!%" => !have.contains(&wanted),
        "=" | "@" | "*=" => have == wanted,
        "!=" => have != wanted,
        "*" => wanted.split(' ').all(|word| have.contains(word)),
        other => panic!("no prefix {other} of a title"),
    })
}

/// How two tasks stand in an order: what has no value comes first.
pub(crate) fn compare(name: &str, a: &Task, b: &Task) -> Ordering {
    match name {
        "ID" => a.id.cmp(&b.id),
        "TITLE" => a.title.to_lowercase().cmp(&b.title.to_lowercase()),
        "PRIORITY" => a.priority.cmp(&b.priority),
        "REAL_STATUS" => a.status.cmp(&b.status),
        "GROUP_ID" => a.group.cmp(&b.group),
        "RESPONSIBLE_ID" => a.responsible.cmp(&b.responsible),
        "CREATED_DATE" => a.created.cmp(&b.created),
        "DEADLINE" => a.deadline.cmp(&b.deadline),
        "CHANGED_DATE" => a.changed.cmp(&b.changed),
        "FAVORITE" => a.favorite.cmp(&b.favorite),
        other => panic!("no order by {other}"),
    }
}
