//! The status of a task that depends on the clock: overdue, not seen yet, due soon.

use crate::list::condition::{Condition, Operand, Predicate, Relation};
use crate::state::schema::Schema;
use crate::state::table::Row;

const OVERDUE: i64 = -1;
const UNSEEN: i64 = -2;
const SOON: i64 = -3;
/// All that a status can be, stored or not.
const ALL: [i64; 10] = [SOON, UNSEEN, OVERDUE, 1, 2, 3, 4, 5, 6, 7];
const DAY: i64 = 86_400;

/// The places of the fields that the status follows from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clockwork {
    status: usize,
    deadline: usize,
    not_viewed: usize,
    now: i64,
}

impl Clockwork {
    pub(super) fn new(schema: &Schema, now: i64) -> Option<Self> {
        Some(Self {
            status: schema.legacy("STATUS")?,
            deadline: schema.legacy("DEADLINE")?,
            not_viewed: schema.legacy("NOT_VIEWED")?,
            now,
        })
    }

    fn is_stored(&self, statuses: &[i64]) -> Condition {
        let statuses = statuses
            .iter()
            .map(|&status| Operand::Int(status))
            .collect();
        Condition::test(self.status, Predicate::OneOf(statuses))
    }

    fn due_before(&self, moment: i64) -> Condition {
        Condition::compare(self.deadline, Relation::Less, Operand::Time(moment))
    }

    fn overdue(&self) -> Condition {
        self.due_before(self.now).and(self.is_stored(&[5]).not())
    }

    fn unseen(&self) -> Condition {
        Condition::equal(self.not_viewed, Operand::Text("y".to_owned()))
            .and(self.is_stored(&[1, 2]))
    }

    fn soon(&self) -> Condition {
        self.due_before(self.now + DAY)
            .and(self.is_stored(&[4, 5]).not())
    }

    /// Tasks whose status is `status` by the clock.
    fn is(&self, status: i64) -> Condition {
        match status {
            OVERDUE => self.overdue(),
            UNSEEN => self.unseen().and(self.overdue().not()),
            SOON => Condition::All(vec![self.soon(), self.overdue().not(), self.unseen().not()]),
            stored => Condition::All(vec![
                self.is_stored(&[stored]),
                self.overdue().not(),
                self.unseen().not(),
                self.soon().not(),
            ]),
        }
    }

    /// Tasks whose status passes.
    pub(super) fn any(&self, passes: impl Fn(i64) -> bool) -> Condition {
        Condition::Any(
            ALL.into_iter()
                .filter(|&status| passes(status))
                .map(|status| self.is(status))
                .collect(),
        )
    }

    /// The status of a row.
    pub(super) fn of(&self, row: &Row<'_>) -> i64 {
        let stored = row.cell(self.status).to_int().unwrap_or(2);
        let due = row.cell(self.deadline).to_time();
        let unseen = || row.cell(self.not_viewed).to_text().as_deref() == Some("Y");
        if due.is_some_and(|due| due < self.now) && stored != 5 {
            OVERDUE
        } else if matches!(stored, 1 | 2) && unseen() {
            UNSEEN
        } else if due.is_some_and(|due| due < self.now + DAY) && !matches!(stored, 4 | 5) {
            SOON
        } else {
            stored
        }
    }
}
