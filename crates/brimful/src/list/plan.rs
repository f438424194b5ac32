//! Which way a list is walked: from the catalogue, the parameters and the caller's own wish.
//!
//! - `params` reads the parameters in any of their spellings,
//! - `families` knows what methods want to be told where a page is.

pub(super) mod families;
mod params;

use brimful_protocol::catalogue::{self, Keyset, KeysetForm, Method, Paging, Shape};
use brimful_protocol::query;
use serde_json::{Map, Value, json};

use super::cursor::{CursorPages, Family};
use super::keyset::pages::{Bounds, Count, Direction, KeysetPages, Names};
use super::keyset::{KeysetMode, KeysetWalk};
use super::offset::{FirstPageAgain, OffsetPages, Order};
use super::position::Position;
use super::request_encoding::{OwnedPlace, RequestEncoding};
use super::strategy::{ListCommand, Strategy};
use super::walk::Tail;
use super::walk::Walk;
use super::whole::{Sorting, Trust, Whole};
use crate::auth::Api;
use crate::error::Error;
use params::Sorted;

/// What a list is asked to be.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    pub(crate) method: &'a str,
    pub(crate) params: Value,
    pub(crate) walk: Walk,
    pub(crate) tail: Tail,
    pub(crate) api: Api,
    pub(crate) resume_after: Option<u64>,
    pub(crate) verify: bool,
}

pub(crate) struct Plan {
    pub(crate) strategy: Box<dyn Strategy>,
    pub(crate) encoding: RequestEncoding,
    pub(crate) place: OwnedPlace,
    /// How a filter of the method says that the ID is above one, where it has such a key.
    pub(crate) above: Option<String>,
    /// What to walk by if the method turns out not to be walked this way.
    pub(crate) fallback: Option<Box<Self>>,
}

/// Makes the plan for a list.
pub(crate) fn plan(wanted: Wanted<'_>) -> Result<Plan, Error> {
    let known = catalogue::find(wanted.method);
    let api = match known {
        Some(known) if known.rest == 3 => Api::Rest3,
        _ => wanted.api,
    };
    let planner = Planner {
        method: wanted.method,
        api,
        // What the catalogue has of the older method of the same name is not true of REST 3.0.
        known: known.filter(|known| api == Api::Rest || known.rest == 3),
        walk: wanted.walk,
        tail: wanted.tail,
        resume_after: wanted.resume_after,
        verify: wanted.verify,
        filters_by_false: params::filters_by_false(wanted.method, &wanted.params),
    };
    planner.check(&wanted.params)?;
    planner.plan(wanted.params)
}

/// Whether the method filters and sorts by ID as the catalogue says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    AsDocumented,
    /// A walk by ID has shown that it does not.
    NotAsDocumented,
}

struct Planner<'a> {
    method: &'a str,
    api: Api,
    known: Option<&'static Method>,
    walk: Walk,
    tail: Tail,
    resume_after: Option<u64>,
    verify: bool,
    /// There is a `false` in the filter, which only a JSON body carries: a query string makes 0 of it.
    filters_by_false: bool,
}

impl Planner<'_> {
    fn check(&self, params: &Value) -> Result<(), Error> {
        for (name, value) in params.as_object().into_iter().flatten() {
            if name.eq_ignore_ascii_case("start") {
                return Err(Error::config(
                    "a whole list has no start: leave it out, or call the method once",
                ));
            }
            // JSON bodies carry everything; batches are query strings.
            if self.api == Api::Rest
                && params::is_named(name, "filter")
                && let Some((what, place)) = query::vanishing(value)
            {
                return Err(Error::config(format!(
                    "{what} as {name}{place} would vanish on the way and the condition with it: the list would not be filtered by it"
                )));
            }
        }
        let no_list = self.known.is_some_and(|known| match known.shape {
            Shape::Scalar => true,
            // A caller who says how it is walked may know better.
            Shape::Unknown => false,
            _ => !known.list && self.walk == Walk::Auto,
        });
        if no_list {
            let method = self.method;
            return Err(Error::config(match method.strip_suffix(".fields") {
                Some(entity) => format!(
                    "{method} does not return a list. Show the fields with: brimful fields {entity}"
                ),
                None => {
                    format!("{method} does not return a list. Call it with: brimful call {method}")
                }
            }));
        }
        Ok(())
    }

    fn plan(&self, params: Value) -> Result<Plan, Error> {
        let by_place = matches!(self.walk, Walk::Auto | Walk::Pages);
        if self.walk == Walk::NavParams || (by_place && self.family() == Some(Paging::NavParams)) {
            let position = families::nav_params(self.method, params)?;
            return self.by_pages(position, Order::Parallel);
        }
        let params = match params {
            Value::Object(mut params) => {
                params::as_documented(&mut params, self.known);
                params
            }
            other => {
                return Err(Error::config(format!(
                    "the parameters of a list are an object, not {other}"
                )));
            }
        };
        match self.walk {
            Walk::Auto => self.auto(params),
            Walk::Lanes | Walk::Chain | Walk::Windows => {
                let keyset = self.keyset().unwrap_or_else(|| self.likely_keyset());
                self.by_id(keyset, params)
            }
            Walk::Cursor => self.by_cursor(params),
            Walk::Whole => self.whole(params, Trust::Caller),
            Walk::Next => self.by_pages(Position::Start(params), Order::ByNext),
            Walk::LimitOffset => {
                let position = families::limit_offset(self.known, params)?;
                self.by_pages(position, Order::Parallel)
            }
            Walk::Pages | Walk::NavParams => {
                let position = self.position(params)?;
                self.by_pages(position, Order::Parallel)
            }
        }
    }

    fn auto(&self, params: Map<String, Value>) -> Result<Plan, Error> {
        if families::cursor(self.method, self.api).is_some() {
            return self.by_cursor(params);
        }
        if let Some(keyset) = self.keyset()
            && params::sorted(&params, &keyset) == Sorted::ById
            && !params::has_bare_conditions(&params, self.known, &keyset)
        {
            return self.by_id(keyset, params);
        }
        let listed = self
            .known
            .is_some_and(|k| matches!(k.shape, Shape::List | Shape::Wrapped | Shape::Map));
        match self.family() {
            Some(Paging::None) if listed => self.whole(params, Trust::Catalogue),
            _ => {
                let position = self.position(params)?;
                self.by_pages(position, Order::Parallel)
            }
        }
    }

    /// How the method is paged, where that is known.
    fn family(&self) -> Option<Paging> {
        if families::nav(self.method) {
            return Some(Paging::NavParams);
        }
        self.known.map(families::paging)
    }

    fn position(&self, params: Map<String, Value>) -> Result<Position, Error> {
        if self.api == Api::Rest3 {
            if params.contains_key("pagination") {
                return Err(Error::config(
                    "a whole list has no pagination of the caller's: leave it out",
                ));
            }
            return Ok(Position::Pagination(params));
        }
        match self.family() {
            Some(Paging::LimitOffset) => families::limit_offset(self.known, params),
            Some(Paging::PageNumber) => Ok(Position::PageNumber(params)),
            _ => Ok(Position::Start(params)),
        }
    }

    /// How the list is walked by ID, where that is known.
    fn keyset(&self) -> Option<Keyset> {
        // The one list of REST 3.0 that has an older namesake.
        if self.api == Api::Rest3 && self.method.eq_ignore_ascii_case("tasks.task.list") {
            return Some(self.likely_keyset());
        }
        self.known?.keyset
    }

    fn likely_keyset(&self) -> Keyset {
        if self.api == Api::Rest3 {
            return Keyset {
                filter: "id",
                row: "id",
                key: Some("items"),
                form: KeysetForm::Triples,
            };
        }
        Keyset {
            filter: "ID",
            row: self.known.and_then(|method| method.id).unwrap_or("ID"),
            key: self.known.and_then(|method| method.key),
            form: KeysetForm::Maps,
        }
    }

    /// How the method spells the parameters that a walk by ID writes.
    fn names(&self, keyset: Keyset) -> Names {
        match (keyset.form, self.known) {
            (KeysetForm::Sort, Some(known)) => Names {
                filter: known.filter.unwrap_or("FILTER"),
                select: known.select.unwrap_or("select"),
                sort: known.parameter("sort").unwrap_or("sort"),
                order: known.order.unwrap_or("order"),
            },
            // Methods that spell them in capitals may pass others over, the caller's conditions among them.
            (KeysetForm::Maps, Some(known)) => Names {
                filter: known.filter.unwrap_or(Names::default().filter),
                select: known.select.unwrap_or(Names::default().select),
                order: known.order.unwrap_or(Names::default().order),
                ..Names::default()
            },
            _ => Names::default(),
        }
    }

    /// Asks for the newest row of a list that is walked by its pages, where the ID tells which rows were there before
    /// it: IDs ascend, and a row comes into the list by being added alone.
    fn newest(&self, params: &Map<String, Value>) -> Option<ListCommand> {
        let keyset = self.keyset().filter(|_| self.api == Api::Rest)?;
        if !families::holds_all_rows(self.method) || !params::has_no_conditions(params) {
            return None;
        }
        let names = self.names(keyset);
        let mut params = params.clone();
        params::canonical(&mut params, names, keyset.form).ok()?;
        params::drop_order(&mut params, names);
        if self.known.is_some_and(|known| known.select.is_some()) {
            params.insert(names.select.to_owned(), json!([keyset.filter]));
        }
        let pages = KeysetPages::new(keyset, names, params, Bounds::default());
        Some(pages.end(Direction::Descending, Count::Spared))
    }

    /// The list by ID, for rows that are counted by place and did not come.
    fn beside(&self, params: &Map<String, Value>) -> Option<KeysetPages> {
        let keyset = self.keyset().filter(|_| self.api == Api::Rest)?;
        if params::has_bare_conditions(params, self.known, &keyset) {
            return None;
        }
        let names = self.names(keyset);
        let mut params = params.clone();
        params::canonical(&mut params, names, keyset.form).ok()?;
        params::drop_order(&mut params, names);
        let bounds = params::bounds(&mut params, names, &keyset).ok()?;
        Some(KeysetPages::new(keyset, names, params, bounds))
    }

    fn by_id(&self, keyset: Keyset, mut params: Map<String, Value>) -> Result<Plan, Error> {
        if params::sorted(&params, &keyset) == Sorted::Otherwise {
            return Err(Error::config(
                "ID lanes walk in the order of the ID: leave the order out, or walk by pages",
            ));
        }
        if params::has_bare_conditions(&params, self.known, &keyset) {
            return Err(Error::config(format!(
                "{} takes conditions beside its filter only where it has none, and a walk by ID adds one: put them in FILTER",
                self.method
            )));
        }
        let names = self.names(keyset);
        params::canonical(&mut params, names, keyset.form)?;
        params::select_id(&mut params, keyset.filter);
        let by_pages = params.clone();
        params::drop_order(&mut params, names);
        let mut bounds = params::bounds(&mut params, names, &keyset)?;
        bounds.above = bounds.above.max(self.resume_after.unwrap_or(0));
        let rest3 = keyset.form == KeysetForm::Triples;
        let has_all_rows =
            families::holds_all_rows(self.method) && params::has_no_conditions(&params);
        let mut pages = KeysetPages::new(keyset, names, params, bounds);
        if has_all_rows {
            pages = pages.of_all_rows();
        }
        let way = match self.walk {
            Walk::Windows => KeysetMode::Windows,
            Walk::Chain => KeysetMode::Chain,
            _ => KeysetMode::Lanes,
        };
        let mut strategy = KeysetWalk::new(pages, way, self.tail);
        if self.verify {
            if rest3 {
                return Err(Error::config(
                    "REST 3.0 does not count rows, so a list of it cannot be verified",
                ));
            }
            strategy = strategy.verified();
        }
        // Rows that were to be left out would come again by pages.
        let fallback = if self.walk == Walk::Auto && self.resume_after.is_none() && !self.verify {
            let position = self.position(by_pages)?;
            Some(Box::new(self.by_pages_of(
                position,
                Order::Parallel,
                Ids::NotAsDocumented,
            )?))
        } else {
            None
        };
        Ok(Plan {
            strategy: Box::new(strategy),
            encoding: match self.api {
                Api::Rest3 => RequestEncoding::Rest3Batch,
                Api::Rest => self.encoding(),
            },
            place: self.place(keyset.key, Some(keyset.row)),
            above: (!rest3).then(|| format!(">{}", keyset.filter)),
            fallback,
        })
    }

    fn by_pages(&self, position: Position, order: Order) -> Result<Plan, Error> {
        self.by_pages_of(position, order, Ids::AsDocumented)
    }

    fn by_pages_of(&self, mut position: Position, order: Order, ids: Ids) -> Result<Plan, Error> {
        self.cannot_resume()?;
        self.cannot_verify()?;
        let known = self.known;
        let documented = known.and_then(|method| method.keyset.map(|k| k.filter).or(method.id));
        // Nothing is renamed here: methods without a walk by ID may know a parameter in one spelling only.
        if let (Position::Start(params) | Position::Pagination(params), Some(id)) =
            (&mut position, documented)
        {
            params::select_id(params, id);
        }
        let encoding = match position {
            // A query string would lose the order of positional parameters, and the empty ones among them.
            Position::NavParams { .. } => RequestEncoding::Single(self.api),
            _ => self.encoding(),
        };
        let row = known.and_then(|method| method.keyset.map(|k| k.row).or(method.id));
        let again = match self.family() {
            Some(Paging::None) => FirstPageAgain::IsTheList,
            _ => FirstPageAgain::IsAnError,
        };
        let newest = match &position {
            Position::Start(params) if ids == Ids::AsDocumented => self.newest(params),
            _ => None,
        };
        let beside = match &position {
            Position::Start(params) if ids == Ids::AsDocumented => self.beside(params),
            _ => None,
        };
        let pages = OffsetPages::new(position, order, again);
        Ok(Plan {
            strategy: Box::new(pages.newest(newest).by_id(beside)),
            encoding,
            place: self.place(known.and_then(|method| method.key), row),
            above: None,
            fallback: None,
        })
    }

    fn by_cursor(&self, mut params: Map<String, Value>) -> Result<Plan, Error> {
        self.cannot_verify()?;
        let found = families::cursor(self.method, self.api)
            .unwrap_or_else(|| families::likely_cursor(self.api));
        let above = if found.family.is_by_id() {
            families::begin(&mut params, &found.family)?.max(self.resume_after.unwrap_or(0))
        } else {
            self.cannot_resume()?;
            0
        };
        let key = found.key.or(self.known.and_then(|known| known.key));
        let id = found.id.or(self.known.and_then(|known| known.id));
        if let Family::Tail { field } = &found.family {
            params::select_id(&mut params, field);
        }
        Ok(Plan {
            strategy: Box::new(CursorPages::new(found.family, params, above)),
            encoding: RequestEncoding::Single(self.api),
            place: self.place(key, id),
            above: None,
            fallback: None,
        })
    }

    fn whole(&self, params: Map<String, Value>, trust: Trust) -> Result<Plan, Error> {
        self.cannot_resume()?;
        self.cannot_verify()?;
        let known = self.known;
        let sorting = match known.map(|known| known.shape) {
            Some(Shape::Map) => Sorting::ById,
            _ => Sorting::AsTheyCame,
        };
        let fallback = match trust {
            Trust::Caller => None,
            Trust::Catalogue => {
                let position = self.position(params.clone())?;
                Some(Box::new(self.by_pages(position, Order::Parallel)?))
            }
        };
        let (key, id) = known.map_or((None, None), |known| (known.key, known.id));
        Ok(Plan {
            strategy: Box::new(Whole::new(params, sorting, trust)),
            encoding: RequestEncoding::Single(self.api),
            place: self.place(key, id),
            above: None,
            fallback,
        })
    }

    fn encoding(&self) -> RequestEncoding {
        match self.api {
            Api::Rest if self.filters_by_false => RequestEncoding::Single(Api::Rest),
            Api::Rest => RequestEncoding::Batch,
            Api::Rest3 => RequestEncoding::Single(Api::Rest3),
        }
    }

    fn place(&self, key: Option<&str>, id: Option<&str>) -> OwnedPlace {
        let items = (self.api == Api::Rest3).then_some("items");
        OwnedPlace {
            key: key.or(items).map(str::to_owned),
            id: Some(id.unwrap_or("ID").to_owned()),
        }
    }

    fn cannot_resume(&self) -> Result<(), Error> {
        match self.resume_after {
            None => Ok(()),
            Some(id) => Err(Error::config(format!(
                "the list of {} does not come in the order of its IDs: it cannot be gone on with after ID {id}",
                self.method
            ))),
        }
    }

    fn cannot_verify(&self) -> Result<(), Error> {
        if self.verify {
            return Err(Error::config(format!(
                "the list of {} is not walked by ID, so its rows cannot be counted by range of IDs: read it without verify",
                self.method
            )));
        }
        Ok(())
    }
}
