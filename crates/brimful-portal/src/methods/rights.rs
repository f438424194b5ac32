//! Which rows a user may see, and so may change.

use crate::context::settings::Rights;
use crate::context::{Call, MethodError};
use crate::data::PortalData;
use crate::data::entities::{LEAD, USER};
use crate::data::list::condition::{Condition, Operand, Predicate};
use crate::data::list::query::Query;
use crate::data::table::Table;
use crate::methods::params::legacy_error;

/// The fields of a task that name the people who have to do with it.
const MEMBERS: [&str; 4] = ["CREATED_BY", "RESPONSIBLE_ID", "ACCOMPLICES", "AUDITORS"];

impl Call<'_> {
    /// The condition that rows of the CRM must meet for the caller to see them, by who is responsible for them.
    pub(crate) fn sees_records(&self, state: &PortalData, table: &Table) -> Condition {
        self.sees(state, table, &["ASSIGNED_BY_ID"])
    }

    /// The condition that tasks must meet for the caller to see them: somebody whose tasks the caller may see has to do
    /// with them.
    pub(crate) fn sees_tasks(&self, state: &PortalData, table: &Table) -> Condition {
        self.sees(state, table, &MEMBERS)
    }

    /// Whether the caller may see a record of the CRM that is there.
    pub(crate) fn may_see_record(&self, state: &PortalData, table: &Table, id: u64) -> bool {
        self.rights == Rights::All
            || self
                .sees_records(state, table)
                .holds(&table.row(id), &mut String::new())
    }

    /// Refuses a record that the caller may not see, as the older methods of the CRM do.
    pub(crate) fn check_record(
        &self,
        state: &PortalData,
        table: &Table,
        id: u64,
    ) -> Result<(), MethodError> {
        if self.may_see_record(state, table, id) {
            return Ok(());
        }
        // The pages of leads end it with a full stop.
        let text = if table.entity == LEAD {
            "Access denied."
        } else {
            "Access denied"
        };
        Err(legacy_error(text))
    }

    fn sees(&self, state: &PortalData, table: &Table, fields: &[&str]) -> Condition {
        let people = match self.rights {
            Rights::All => return Condition::Always,
            Rights::Own => vec![Operand::Int(self.user as i64)],
            Rights::Department => colleagues(state, self.user),
        };
        let places: Vec<usize> = fields
            .iter()
            .filter_map(|name| table.schema.legacy(name))
            .collect();
        // Records that nobody is responsible for are everybody's.
        if places.is_empty() {
            return Condition::Always;
        }
        let named = places
            .into_iter()
            .map(|at| Condition::test(at, Predicate::OneOf(people.clone())));
        Condition::Any(named.collect())
    }
}

/// The users who share a department with `user`, and `user`.
fn colleagues(state: &PortalData, user: u64) -> Vec<Operand> {
    let users = state.table(USER);
    let mut people = vec![Operand::Int(user as i64)];
    let Some(field) = users.schema.legacy("UF_DEPARTMENT") else {
        return people;
    };
    let mut departments = Vec::new();
    if let Some(row) = users.get(user) {
        row.cell(field).any(|department| {
            departments.extend(department.to_int().map(Operand::Int));
            false
        });
    }
    let same = Condition::test(field, Predicate::OneOf(departments));
    Query::new(users, same, Vec::new()).each(|id| {
        if id != user {
            people.push(Operand::Int(id as i64));
        }
        true
    });
    people
}
