//! The specification of filters, read for one task at a time: slowly, and without a thought for the portal.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::task::{ME, NOW, Task, leap, length};

const DAY: i64 = 86_400;

/// What a filter, or an entry of one, says of a task.
pub(crate) type Test = Box<dyn Fn(&Task) -> bool>;

/// Which tasks the filter lets through. At the top all conditions hold, whatever `::LOGIC` says.
pub(crate) fn read(filter: &Value) -> Test {
    let entries = entries(filter.as_object().unwrap());
    let tests: Vec<Test> = entries
        .iter()
        .filter_map(|(key, value)| entry(key, value))
        .collect();
    Box::new(move |task| tests.iter().all(|test| test(task)))
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
fn group(filter: &Map<String, Value>) -> Option<Test> {
    let said: Vec<Option<Test>> = entries(filter)
        .iter()
        .map(|(key, value)| entry(key, value))
        .collect();
    let or = filter
        .get("::LOGIC")
        .is_some_and(|logic| logic.as_str() == Some("OR"));
    if said.iter().all(Option::is_none) || (or && said.iter().any(Option::is_none)) {
        return None;
    }
    let tests: Vec<Test> = said.into_iter().flatten().collect();
    Some(if or {
        Box::new(move |task| tests.iter().any(|test| test(task)))
    } else {
        Box::new(move |task| tests.iter().all(|test| test(task)))
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

/// What one entry says; nothing, where the portal passes over it.
fn entry(key: &str, value: &Value) -> Option<Test> {
    if key.bytes().all(|b| b.is_ascii_digit()) || key.starts_with("::SUBFILTER-") {
        return group(value.as_object()?);
    }
    let (prefix, name) = split(key);
    let (prefix, not) = (prefix.to_owned(), prefix == "!");
    let list = list(value);
    match name {
        "ID" => numbers(prefix, &list, |task| Some(task.id as i64)),
        "PRIORITY" => numbers(prefix, &list, |task| Some(task.priority)),
        "CREATED_BY" => numbers(prefix, &list, |task| Some(task.created_by)),
        "RESPONSIBLE_ID" => numbers(prefix, &list, |task| Some(task.responsible)),
        "GROUP_ID" => numbers(prefix, &list, |task| Some(task.group)),
        "PARENT_ID" => numbers(prefix, &list, |task| task.parent),
        "REAL_STATUS" => numbers(prefix, &list, |task| Some(task.status)),
        "STATUS" => numbers(prefix, &list, |task| Some(sub_status(task))),
        "DEADLINE_TS" => numbers(prefix, &list, |task| task.deadline),
        "CREATED_DATE_TS" => numbers(prefix, &list, |task| Some(task.created)),
        "CREATED_DATE" => Some(dates(prefix, &list, |task| Some(task.created))),
        "DEADLINE" => Some(dates(prefix, &list, |task| task.deadline)),
        "CLOSED_DATE" => Some(dates(prefix, &list, |task| task.closed)),
        "CHANGED_DATE" => Some(dates(prefix, &list, |task| {
            Some(task.changed.unwrap_or(task.created))
        })),
        "ACTIVITY_DATE" => Some(dates(prefix, &list, |task| {
            Some(task.activity.unwrap_or(task.created))
        })),
        "TITLE" => Some(title(prefix, lower(value))),
        "MARK" => texts(&prefix, value, |task| task.mark.into_iter().collect()),
        "UF_AUTO_101" => texts(&prefix, value, |task| task.region.into_iter().collect()),
        "UF_CRM_TASK" => texts(&prefix, value, |task| task.crm.clone()),
        "FAVORITE" => texts(&prefix, value, |task| {
            vec![if task.favorite { "Y" } else { "N" }]
        }),
        "MEMBER" | "DOER" | "ACCOMPLICE" | "AUDITOR" | "ROLE" => by_person(name, &list, not),
        "TAG" => {
            let wanted: Vec<String> = list.iter().map(lower).collect();
            Some(Box::new(move |task| {
                let has =
                    |wanted: &String| task.tags.iter().any(|tag| tag.to_lowercase() == *wanted);
                wanted.iter().all(has)
            }))
        }
        "VIEWED" => {
            let wanted = value != &Value::from(0);
            Some(Box::new(move |task| {
                let unseen = task.not_viewed && (task.status == 1 || task.status == 2);
                wanted != unseen
            }))
        }
        "ONLY_ROOT_TASKS" if value == "Y" => Some(Box::new(|task| task.parent.is_none())),
        "WO_DEADLINE" if value == "Y" => Some(Box::new(|task| task.deadline.is_none())),
        _ => None,
    }
}

/// A condition on the people of a task.
fn by_person(name: &str, list: &[Value], not: bool) -> Option<Test> {
    let people = || -> Vec<i64> { list.iter().map(int).collect() };
    match name {
        "MEMBER" => {
            let people = people();
            Some(Box::new(move |task| {
                people.contains(&task.created_by)
                    || people.contains(&task.responsible)
                    || people.iter().any(|one| task.accomplices.contains(one))
                    || people.iter().any(|one| task.auditors.contains(one))
            }))
        }
        "DOER" => {
            let people = people();
            Some(Box::new(move |task| {
                people.contains(&task.responsible)
                    || people.iter().any(|one| task.accomplices.contains(one))
            }))
        }
        "ACCOMPLICE" => Some(helper(not, people(), |task| &task.accomplices)),
        "AUDITOR" => Some(helper(not, people(), |task| &task.auditors)),
        "ROLE" => {
            let roles: Vec<String> = list.iter().map(lower).collect();
            Some(Box::new(move |task| {
                let holds = roles.iter().any(|role| match role.as_str() {
                    "r" => task.responsible == ME,
                    "a" => task.accomplices.contains(&ME),
                    "u" => task.auditors.contains(&ME),
                    "o" => task.created_by == ME,
                    other => panic!("no role {other}"),
                });
                holds != not
            }))
        }
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
        .unwrap_or_else(|| panic!("{value} is not a number"))
}

fn lower(value: &Value) -> String {
    value.as_str().unwrap().to_lowercase()
}

/// Helpers and onlookers: after `!` there is one who is none of these.
fn helper(not: bool, people: Vec<i64>, have: impl Fn(&Task) -> &[i64] + 'static) -> Test {
    Box::new(move |task| {
        let mut have = have(task).iter();
        have.any(|one| people.contains(one) != not)
    })
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

fn numbers(
    prefix: String,
    list: &[Value],
    have: impl Fn(&Task) -> Option<i64> + 'static,
) -> Option<Test> {
    let wanted: Vec<Option<i64>> = list
        .iter()
        .map(|one| (one != "").then(|| int(one)))
        .collect();
    let test = move |task: &Task| ordered(&prefix, have(task), &wanted);
    (!list.is_empty()).then(|| Box::new(test) as Test)
}

fn dates(prefix: String, list: &[Value], have: impl Fn(&Task) -> Option<i64> + 'static) -> Test {
    let wanted: Vec<Option<i64>> = list
        .iter()
        .map(|one| (one != "").then(|| moment(one.as_str().unwrap())))
        .collect();
    Box::new(move |task| ordered(&prefix, have(task), &wanted))
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
fn texts(
    prefix: &str,
    value: &Value,
    have: impl Fn(&Task) -> Vec<&'static str> + 'static,
) -> Option<Test> {
    let not = prefix.starts_with('!');
    if value == "" {
        return Some(Box::new(move |task| have(task).is_empty() != not));
    }
    let wanted: Vec<String> = list(value).iter().map(lower).collect();
    if wanted.is_empty() {
        return None;
    }
    let part = prefix.contains('%') || prefix == "?";
    Some(Box::new(move |task| {
        let holds = have(task).iter().any(|have| {
            let have = have.to_lowercase();
            wanted.iter().any(|wanted| {
                if part {
                    have.contains(wanted)
                } else {
                    have == *wanted
                }
            })
        });
        holds != not
    }))
}

/// A title is searched for a part where no other prefix than `!` is given.
fn title(prefix: String, wanted: String) -> Test {
    Box::new(move |task| {
        let have = &task.title_in_lower_case;
        match prefix.as_str() {
            "" | "%" | "?" | "*%" => have.contains(&wanted),
            "!" | "!%" => !have.contains(&wanted),
            "=" | "@" | "*=" => *have == wanted,
            "!=" => *have != wanted,
            "*" => wanted.split(' ').all(|word| have.contains(word)),
            other => panic!("no prefix {other} of a title"),
        }
    })
}

/// How two tasks stand in an order: what has no value comes first.
pub(crate) fn compare(name: &str, a: &Task, b: &Task) -> Ordering {
    match name {
        "ID" => a.id.cmp(&b.id),
        "TITLE" => a.title_in_lower_case.cmp(&b.title_in_lower_case),
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
