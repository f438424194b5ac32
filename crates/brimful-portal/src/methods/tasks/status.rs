//! The status of a task that depends on the clock and on who reads: overdue, not seen yet, due soon.
//!
//! As the server works it out (`taskfilterbuilder.php`): a task that is done, or awaits control, is neither overdue nor due
//! soon, nor is one that the reader has declined; only a task that waits, and that somebody else has set, is unseen.

use super::filter::Reader;
use crate::data::list::condition::{Condition, Operand, Predicate, Relation};
use crate::data::schema::Schema;
use crate::data::table::Row;

const OVERDUE: i64 = -1;
const UNSEEN: i64 = -2;
const SOON: i64 = -3;
/// All that a status can be, stored or not.
const ALL: [i64; 10] = [SOON, UNSEEN, OVERDUE, 1, 2, 3, 4, 5, 6, 7];
const WAITING: [i64; 2] = [1, 2];
const FINISHED: [i64; 2] = [4, 5];
const DECLINED: i64 = 7;
const DAY: i64 = 86_400;

/// The places of the fields that the status follows from.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatusFields {
    status: usize,
    deadline: usize,
    not_viewed: usize,
    responsible: usize,
    creator: usize,
    reader: Reader,
}

impl StatusFields {
    pub(super) fn new(schema: &Schema, reader: Reader) -> Option<Self> {
        Some(Self {
            status: schema.legacy("STATUS")?,
            deadline: schema.legacy("DEADLINE")?,
            not_viewed: schema.legacy("NOT_VIEWED")?,
            responsible: schema.legacy("RESPONSIBLE_ID")?,
            creator: schema.legacy("CREATED_BY")?,
            reader,
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

    fn me(&self) -> Operand {
        Operand::Int(self.reader.user as i64)
    }

    /// A deadline still means something to the task.
    fn is_open(&self) -> Condition {
        let declined = self
            .is_stored(&[DECLINED])
            .and(Condition::equal(self.responsible, self.me()));
        self.is_stored(&FINISHED).or(declined).not()
    }

    fn overdue(&self) -> Condition {
        self.due_before(self.reader.now).and(self.is_open())
    }

    fn soon(&self) -> Condition {
        let now = self.reader.now;
        Condition::All(vec![
            self.due_before(now + DAY),
            self.due_before(now).not(),
            self.is_open(),
        ])
    }

    /// The reader has not looked at a task that waits.
    pub(super) fn not_looked_at(&self) -> Condition {
        Condition::equal(self.not_viewed, Operand::Text("y".to_owned()))
            .and(self.is_stored(&WAITING))
    }

    fn unseen(&self) -> Condition {
        self.not_looked_at()
            .and(Condition::equal(self.creator, self.me()).not())
    }

    /// Tasks whose status is `status` by the clock.
    fn is(&self, status: i64) -> Condition {
        match status {
            OVERDUE => self.overdue(),
            SOON => self.soon(),
            UNSEEN => Condition::All(vec![self.unseen(), self.overdue().not(), self.soon().not()]),
            stored => Condition::All(vec![
                self.is_stored(&[stored]),
                self.overdue().not(),
                self.soon().not(),
                self.unseen().not(),
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
        let me = Some(self.reader.user as i64);
        let now = self.reader.now;
        let is_mine = |at: usize| row.cell(at).to_int() == me;
        let open = !(FINISHED.contains(&stored) || stored == DECLINED && is_mine(self.responsible));
        let due = row.cell(self.deadline).to_time().filter(|_| open);
        let unseen = || row.cell(self.not_viewed).to_text().as_deref() == Some("Y");
        match due {
            Some(due) if due < now => OVERDUE,
            Some(due) if due < now + DAY => SOON,
            _ if WAITING.contains(&stored) && unseen() && !is_mine(self.creator) => UNSEEN,
            _ => stored,
        }
    }
}
