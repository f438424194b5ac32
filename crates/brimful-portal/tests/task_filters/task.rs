//! Tasks, made up at random.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// 2026-05-04T12:00:00+03:00
pub(crate) const NOW: i64 = 1_777_885_200;
/// The user of the webhook.
pub(crate) const ME: i64 = 1;
const DAY: i64 = 86_400;

pub(crate) const WORDS: [&str; 10] = [
    "Call",
    "report",
    "INVOICE",
    "Договор",
    "счёт",
    "Ann",
    "bob",
    "draft",
    "client",
    "Север",
];
pub(crate) const TAGS: [&str; 5] = ["hot", "Client", "q1", "важно", "a,b"];
pub(crate) const REGIONS: [&str; 3] = ["north", "South", "Центр"];
pub(crate) const CRM: [&str; 4] = ["D_7", "C_2", "L_1", "T80_3"];

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) title_in_lower_case: String,
    pub(crate) status: i64,
    pub(crate) priority: i64,
    pub(crate) mark: Option<&'static str>,
    pub(crate) created_by: i64,
    pub(crate) responsible: i64,
    pub(crate) group: i64,
    pub(crate) parent: Option<i64>,
    pub(crate) accomplices: Vec<i64>,
    pub(crate) auditors: Vec<i64>,
    pub(crate) tags: Vec<&'static str>,
    pub(crate) crm: Vec<&'static str>,
    pub(crate) region: Option<&'static str>,
    pub(crate) favorite: bool,
    pub(crate) not_viewed: bool,
    pub(crate) created: i64,
    pub(crate) changed: Option<i64>,
    pub(crate) activity: Option<i64>,
    pub(crate) deadline: Option<i64>,
    pub(crate) closed: Option<i64>,
}

/// A moment as text, told in a zone.
pub(crate) fn text(unix: i64, minutes_east: i64) -> String {
    let local = unix + minutes_east * 60;
    let (mut year, mut day) = (1970, local.div_euclid(DAY));
    let second = local.rem_euclid(DAY);
    while day >= 365 + leap(year) {
        day -= 365 + leap(year);
        year += 1;
    }
    let mut month = 1;
    while day >= length(year, month) {
        day -= length(year, month);
        month += 1;
    }
    let sign = if minutes_east < 0 { '-' } else { '+' };
    let zone = minutes_east.abs();
    format!(
        "{year:04}-{month:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
        day + 1,
        second / 3600,
        second / 60 % 60,
        second % 60,
        zone / 60,
        zone % 60
    )
}

pub(crate) fn leap(year: i64) -> i64 {
    i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
}

pub(crate) fn length(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + leap(year),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn maybe<T>(rng: &mut Rng, percent: u8, value: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    (rng.u8(0..100) < percent).then(|| value(rng))
}

fn several<T: Copy + PartialEq>(rng: &mut Rng, from: impl Fn(&mut Rng) -> T) -> Vec<T> {
    let mut some = Vec::new();
    for _ in 0..rng.usize(0..4) {
        let one = from(rng);
        if !some.contains(&one) {
            some.push(one);
        }
    }
    some
}

pub(crate) fn user(rng: &mut Rng) -> i64 {
    rng.i64(1..9)
}

pub(crate) fn one_of(rng: &mut Rng, words: &[&'static str]) -> &'static str {
    words[rng.usize(0..words.len())]
}

/// So many tasks, some of their IDs left out.
pub(crate) fn some(rng: &mut Rng, count: usize) -> Vec<Task> {
    let mut id = 0;
    (0..count)
        .map(|_| {
            id += rng.u64(1..4);
            let title: Vec<&str> = (0..rng.usize(1..4)).map(|_| one_of(rng, &WORDS)).collect();
            let created = NOW - rng.i64(0..400) * DAY - rng.i64(0..DAY);
            let after = |rng: &mut Rng| created + rng.i64(0..90 * DAY);
            Task {
                id,
                title_in_lower_case: title.join(" ").to_lowercase(),
                title: title.join(" "),
                status: rng.i64(1..8),
                priority: rng.i64(0..3),
                mark: maybe(rng, 40, |rng| one_of(rng, &["P", "N"])),
                created_by: user(rng),
                responsible: user(rng),
                group: rng.i64(0..6),
                parent: maybe(rng, 30, |rng| rng.i64(1..30)),
                accomplices: several(rng, user),
                auditors: several(rng, user),
                tags: several(rng, |rng| one_of(rng, &TAGS)),
                crm: several(rng, |rng| one_of(rng, &CRM)),
                region: maybe(rng, 60, |rng| one_of(rng, &REGIONS)),
                favorite: rng.bool(),
                not_viewed: rng.bool(),
                created,
                changed: maybe(rng, 60, after),
                activity: maybe(rng, 60, after),
                deadline: maybe(rng, 70, |rng| match rng.u8(0..4) {
                    // Around the two moments at which the status turns.
                    0 => NOW + rng.i64(-2..3),
                    1 => NOW + DAY + rng.i64(-2..3),
                    2 => NOW + rng.i64(0..DAY),
                    _ => NOW + rng.i64(-60..60) * DAY,
                }),
                closed: maybe(rng, 30, after),
            }
        })
        .collect()
}

impl Task {
    /// The row to load.
    pub(crate) fn row(&self) -> Map<String, Value> {
        let date = |unix: Option<i64>| unix.map_or(Value::Null, |unix| text(unix, 180).into());
        let letter = |flag: bool| if flag { "Y" } else { "N" };
        let row = json!({
            "ID": self.id, "TITLE": self.title, "STATUS": self.status, "PRIORITY": self.priority, "MARK": self.mark,
            "CREATED_BY": self.created_by, "RESPONSIBLE_ID": self.responsible, "GROUP_ID": self.group,
            "PARENT_ID": self.parent, "ACCOMPLICES": self.accomplices, "AUDITORS": self.auditors, "TAGS": self.tags,
            "UF_CRM_TASK": self.crm, "UF_AUTO_101": self.region, "FAVORITE": letter(self.favorite),
            "NOT_VIEWED": letter(self.not_viewed), "CREATED_DATE": date(Some(self.created)),
            "CHANGED_DATE": date(self.changed), "ACTIVITY_DATE": date(self.activity), "DEADLINE": date(self.deadline),
            "CLOSED_DATE": date(self.closed),
        });
        match row {
            Value::Object(row) => row,
            _ => unreachable!(),
        }
    }
}
