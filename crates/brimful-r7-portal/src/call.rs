//! One call of a method, and what handlers do with it.

use serde_json::Value as Json;

use crate::api_failure::ApiFailure;
use crate::config::R7Config;
use crate::guid;
use crate::list::{Conditions, ListBehaviour, ListSlice, Query};
use crate::params;
use crate::row::{Row, text};
use crate::store::{Entity, Store};

/// One call of a method.
pub(super) struct Call<'a> {
    pub(super) config: &'a R7Config,
    pub(super) store: &'a mut Store,
    /// The number of the person who calls.
    pub(super) person: u64,
    pub(super) query: Json,
    pub(super) body: Json,
    /// Unix seconds.
    pub(super) now: i64,
}

/// What a method returns.
pub(super) enum Output {
    One(Json),
    List(ListSlice),
}

impl Output {
    pub(super) fn one(row: Row) -> Self {
        Self::One(Json::Object(row))
    }
}

impl Call<'_> {
    /// What the query says about a list.
    pub(super) fn list(&self) -> Result<Query, ApiFailure> {
        Query::read(&self.query, self.config.largest_page)
    }

    /// The rows of an entity that meet the conditions, as the query asks for them.
    pub(super) fn select(
        &self,
        entity: Entity,
        behaviour: ListBehaviour,
        conditions: &Conditions<'_>,
    ) -> Result<Output, ApiFailure> {
        Ok(self.select_by(&self.list()?, entity, behaviour, conditions))
    }

    /// The rows of an entity that meet the conditions, as `query` asks for them.
    pub(super) fn select_by(
        &self,
        query: &Query,
        entity: Entity,
        behaviour: ListBehaviour,
        conditions: &Conditions<'_>,
    ) -> Output {
        Output::List(query.select(self.store, entity, behaviour, conditions))
    }

    /// The number of a row whose ID is a number; `param` is the ID's name in errors.
    pub(super) fn number(&self, entity: Entity, param: &str, id: &str) -> Result<u64, ApiFailure> {
        if id.parse::<i64>().is_err() {
            return Err(ApiFailure::conversion(param, id));
        }
        self.find(entity, id)
    }

    /// The number of a row whose ID is a GUID; `param` is the ID's name in errors.
    pub(super) fn guid(&self, entity: Entity, param: &str, id: &str) -> Result<u64, ApiFailure> {
        if !guid::is_guid(id) {
            return Err(ApiFailure::conversion(param, id));
        }
        self.find(entity, id)
    }

    fn find(&self, entity: Entity, id: &str) -> Result<u64, ApiFailure> {
        let found = self.store.find(entity, id);
        found.ok_or_else(ApiFailure::item_not_found)
    }

    pub(super) fn row(&self, entity: Entity, number: u64) -> Result<Row, ApiFailure> {
        let row = self.store.get(entity, number);
        row.ok_or_else(ApiFailure::item_not_found)
    }

    /// Stores a row and returns it.
    pub(super) fn save(&mut self, entity: Entity, number: u64, row: Row) -> Output {
        self.store.put(entity, number, row.clone());
        Output::one(row)
    }

    /// Deletes a row and returns it.
    pub(super) fn delete(&mut self, entity: Entity, number: u64) -> Result<Output, ApiFailure> {
        let row = self.row(entity, number)?;
        self.store.delete(entity, number);
        Ok(Output::one(row))
    }

    /// Refuses a body that lacks one of these parameters.
    pub(super) fn require(&self, params: &[&str]) -> Result<(), ApiFailure> {
        let missing = params
            .iter()
            .find(|name| params::text(&self.body, name).is_none());
        missing.map_or(Ok(()), |name| {
            Err(ApiFailure::argument(format!(
                "Value cannot be null. Parameter name: {name}"
            )))
        })
    }

    /// The GUID of the person who calls.
    pub(super) fn caller_id(&self) -> String {
        let caller = self.store.get(Entity::Person, self.person);
        caller.map_or_else(String::new, |row| text(&row, "id").to_owned())
    }
}
