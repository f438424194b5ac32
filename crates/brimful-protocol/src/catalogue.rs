//! The catalogue: what is known of each REST method, above all how its list is paged.
//!
//! The data is `methods.tsv`, read off the vendor's documentation (github.com/bitrix24/b24restdocs, `api-reference/`) and
//! corrected where portals behave otherwise. It may be old or wrong: a client starts from it and believes the portal's
//! first reply more.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::list_fields;

/// What servers take out of a call before a method sees it, above all to know who calls.
pub const RESERVED_PARAMETERS: [&str; 8] = [
    "auth",
    "access_token",
    "auth_connector",
    "aplogin",
    "ap",
    "sessid",
    "state",
    "token",
];

/// What the catalogue knows of one method.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Method {
    /// The name as documented; portals find it in any case.
    pub name: &'static str,
    /// The scope that a webhook or application needs.
    pub scope: &'static str,
    /// The version of the REST API: 2 or 3.
    pub rest: u8,
    /// The shape of `result`.
    pub shape: Shape,
    /// The key of `result` under which the rows or the entity are.
    pub key: Option<&'static str>,
    /// The ID field of a row.
    pub id: Option<&'static str>,
    /// The parameter that takes the ID of the one thing to return: `id`, `ELEMENT_ID`, `taskId`, or a condition inside
    /// of the filter, such as `FILTER[ID]`. Known for methods that read.
    pub id_param: Option<&'static str>,
    /// Its parameters that take one whole number, the ID of something, with commas between them.
    pub numbers: &'static str,
    /// Whether it returns a list of rows that may be read whole.
    pub list: bool,
    /// How its list is paged.
    pub paging: Paging,
    /// Rows of a page: the fixed size, or the most that the method takes as its limit.
    pub page: Option<u32>,
    /// How its list can be walked by ID, where that is documented.
    pub keyset: Option<Keyset>,
    /// Whether its list comes with a `total`, where the documentation shows a reply.
    pub total: Option<bool>,
    /// How the parameter with the conditions of its list is spelt: `filter`, `FILTER`, `params[filter]`.
    pub filter: Option<&'static str>,
    /// How the parameter with the order of its list is spelt: `order`, `ORDER`, `ELEMENT_ORDER`.
    pub order: Option<&'static str>,
    /// How the parameter with the fields of its rows is spelt: `select`, `SELECT`, `params[select]`.
    pub select: Option<&'static str>,
    /// Whether the documentation calls it deprecated.
    pub deprecated: bool,
    /// The page of the documentation below `api-reference/`, without `.md`. None for methods that are called and not
    /// documented.
    pub source: Option<&'static str>,
    /// The names of its parameters and of their fields.
    pub params: &'static str,
}

/// The shape of `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// A list of rows.
    List,
    /// An object with the rows or the entity under one key.
    Wrapped,
    /// An object keyed by ID, at the top or under a key.
    Map,
    /// One object, or what a method that writes tells of its work.
    Object,
    /// A scalar.
    Scalar,
    /// Not documented.
    Unknown,
}

/// The families of paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// Pages of 50 by `start`; past the end the portal serves page 1 again.
    Page,
    /// Pages of 50 by `start`; past the end there is an empty page.
    Controller,
    /// A true offset in `start`.
    Offset,
    /// REST 3.0: `pagination: {limit, page, offset}`.
    Pagination,
    /// `PARAMS.NAV_PARAMS`.
    NavParams,
    /// `LIMIT` and `OFFSET`.
    LimitOffset,
    /// `page`: the number of the page, from 1.
    PageNumber,
    /// Each page says where the next one begins.
    Cursor,
    /// Everything at once.
    None,
}

/// How a list is filtered and sorted by ID. The spelling differs between the filter and the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyset {
    /// The ID in `filter` and `order`.
    pub filter: &'static str,
    /// The ID in a row.
    pub row: &'static str,
    /// The key of `result` under which the rows are.
    pub key: Option<&'static str>,
    /// How it is filtered and sorted.
    pub form: KeysetForm,
}

/// How a list says by which ID it is filtered and sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeysetForm {
    /// `filter: {">ID": 7}`, `order: {"ID": "ASC"}`.
    Maps,
    /// `FILTER: {">ID": 7}`, `sort: "ID"`, `order: "ASC"`: `user.get`.
    Sort,
    /// REST 3.0: `filter: [["id", ">", 7]]`, `order: {"id": "ASC"}`.
    Triples,
}

impl Method {
    /// Its own parameters; the fields inside of parameters are not among them. Where the documentation has several ways
    /// to call it, with a table of parameters each, those of all of them.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        let mut tables = self.tables();
        let first = tables.next().unwrap_or_default();
        let new = |name: &&str| !first.contains(name);
        // The fields inside of a parameter are not called like one beside it.
        let ways = tables.filter(|table| table.iter().any(|name| first.contains(name)));
        let others: Vec<&str> = ways.flatten().filter(new).collect();
        first.into_iter().chain(others)
    }

    /// The names in each table of parameters of its documentation: its own ones, then the fields inside of one of them,
    /// or its own ones where it is called in another way.
    fn tables(&self) -> impl Iterator<Item = Vec<&'static str>> {
        let listed: Vec<&str> = self.params.split(',').collect();
        let is_headed = self.params.starts_with(TABLE);
        let tables: Vec<Vec<&str>> = listed
            .split(|name| *name == TABLE)
            .skip(usize::from(is_headed))
            .map(|names| {
                names
                    .iter()
                    .copied()
                    .filter(|name| !name.is_empty())
                    .collect()
            })
            .collect();
        tables.into_iter()
    }

    /// How one of its own parameters is spelt, found in any case of its letters; the fields inside of parameters are not
    /// among them.
    pub fn parameter(&self, name: &str) -> Option<&'static str> {
        self.parameters()
            .find(|listed| listed.eq_ignore_ascii_case(name))
    }

    /// Whether it is a list whose documentation has no parameter of this name, in any case of its letters: a portal
    /// passes it over, and the whole list comes. Of lists that take conditions as parameters, see
    /// [`ListFields::bare`](crate::list_fields::ListFields::bare), only those with a fixed set of them are told.
    ///
    /// ```
    /// use brimful_protocol::catalogue;
    /// let deals = catalogue::find("crm.deal.list").unwrap();
    /// assert!(deals.passes_over("STAGE_ID"));
    /// assert!(!deals.passes_over("FILTER") && !deals.passes_over("start"));
    /// ```
    pub fn passes_over(&self, parameter: &str) -> bool {
        let takes_conditions =
            list_fields::find(self.name).is_some_and(|list| list.bare && self.filter.is_some());
        // These read their parameters by place, and one page calls two of the places otherwise than the others do.
        let is_of_a_place = self.paging == Paging::NavParams
            && ["select", "params"]
                .iter()
                .any(|place| parameter.eq_ignore_ascii_case(place));
        self.list
            && self.rest == 2
            && self.source.is_some()
            && !takes_conditions
            && !is_of_a_place
            && !parameter.eq_ignore_ascii_case("start")
            && self.parameter(parameter).is_none()
            && !self.takes_number(parameter)
    }

    /// Whether a parameter takes one whole number, the ID of something; its name may have letters of any case. A portal
    /// takes the number at the beginning of another value, and 1 for a list or `true`.
    pub fn takes_number(&self, parameter: &str) -> bool {
        let mut numbers = self.numbers.split(',');
        numbers.any(|number| !number.is_empty() && number.eq_ignore_ascii_case(parameter))
    }

    /// Whether a parameter takes the ID of the thing that the method is about, and not of another one that belongs to it:
    /// a call without it can mean nothing.
    pub fn takes_own_id(&self, parameter: &str) -> bool {
        let is = |name: &str| name.eq_ignore_ascii_case(parameter);
        let verb = self.name.rsplit('.').next().unwrap_or_default();
        let removes = ["delete", "remove", "unregister", "kill"]
            .iter()
            .any(|word| verb.to_ascii_lowercase().contains(word));
        let is_own = removes
            || is("id")
            || self.id_param.is_some_and(is)
            || self.parameters().next().is_some_and(is);
        is_own && !self.list && self.takes_number(parameter)
    }

    /// How a field inside of one of its parameters is spelt, found in any case of its letters.
    pub fn field(&self, name: &str) -> Option<&'static str> {
        self.params
            .split(',')
            .skip(1)
            .skip_while(|listed| *listed != TABLE)
            .find(|listed| *listed != TABLE && listed.eq_ignore_ascii_case(name))
    }
}

/// What stands before the names of each table of parameters in the data.
const TABLE: &str = "Name";

static METHODS: &str = include_str!("methods.tsv");

/// All methods, sorted as in the data file.
pub fn all() -> &'static [Method] {
    &table().methods
}

/// Looks a method up, in any case of its letters.
///
/// ```
/// use brimful_protocol::catalogue::{self, Paging};
/// let tasks = catalogue::find("tasks.task.list").unwrap();
/// assert_eq!((tasks.key, tasks.paging), (Some("tasks"), Paging::Controller));
/// let keyset = tasks.keyset.unwrap();
/// assert_eq!((keyset.filter, keyset.row), ("ID", "id"));
/// ```
pub fn find(name: &str) -> Option<&'static Method> {
    let table = table();
    table
        .by_name
        .get(&name.to_ascii_lowercase())
        .map(|&i| &table.methods[i])
}

/// The documented method whose name is nearest to `name`, if one is near at all: for "did you mean".
pub fn nearest(name: &str) -> Option<&'static str> {
    let lower = |name: &str| name.to_ascii_lowercase();
    nearest_by(name, all().iter().map(|method| method.name), lower)
}

/// The one of `names` that is nearest to `name`, if one is near at all. Cases of letters, underscores and dots make no
/// difference: `stageId` is `STAGE_ID`.
///
/// ```
/// use brimful_protocol::catalogue::nearest_name;
/// assert_eq!(nearest_name("stageId", ["ID", "STAGE_ID", "STATUS_ID"]), Some("STAGE_ID"));
/// assert_eq!(nearest_name("COLOUR", ["ID", "STAGE_ID"]), None);
/// ```
pub fn nearest_name<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |name: &str| name.replace(['_', '.'], "").to_lowercase();
    nearest_by(name, names, letters)
}

fn nearest_by<'a>(
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
    letters: impl Fn(&str) -> String,
) -> Option<&'a str> {
    let wanted = letters(name);
    let far = wanted.chars().count() / 3 + 1;
    let (distance, near) = names
        .into_iter()
        .map(|known| (edit_distance(&wanted, &letters(known)), known))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= far).then_some(near)
}

struct Table {
    methods: Vec<Method>,
    by_name: HashMap<String, usize>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let methods: Vec<Method> = METHODS.lines().skip(1).filter_map(parse).collect();
        let mut by_name = HashMap::with_capacity(methods.len());
        for (i, method) in methods.iter().enumerate() {
            // A method with both versions is asked for by its older one unless REST 3.0 is wanted.
            by_name.entry(method.name.to_ascii_lowercase()).or_insert(i);
        }
        Table { methods, by_name }
    })
}

/// One line of the data. None for a line with a word that is not known: a test reads them all.
fn parse(line: &'static str) -> Option<Method> {
    let cells: Vec<&'static str> = line.split('\t').collect();
    let [
        name,
        scope,
        rest,
        shape,
        key,
        id,
        id_param,
        numbers,
        paging,
        page,
        keyset,
        total,
        filter,
        order,
        select,
        deprecated,
        source,
        params,
    ] = cells.try_into().ok()?;
    let some = |cell: &'static str| Some(cell).filter(|cell| !cell.is_empty());
    let rest = match rest {
        "2" => 2,
        "3" => 3,
        _ => return None,
    };
    let (key, id) = (some(key), some(id));
    let page = match page {
        "" => None,
        rows => Some(rows.parse().ok()?),
    };
    let (form, by) = keyset_form(keyset, rest)?;
    let keyset = some(by).map(|filter| Keyset {
        filter,
        row: id.unwrap_or(filter),
        key,
        form,
    });
    Some(Method {
        name: some(name)?,
        scope,
        rest,
        shape: shape_of(shape)?,
        key,
        id,
        id_param: some(id_param),
        numbers,
        list: !paging.is_empty(),
        paging: paging_of(paging)?,
        page,
        keyset,
        total: match total {
            "" => None,
            flag => Some(is_yes(flag)?),
        },
        filter: some(filter),
        order: some(order),
        select: some(select),
        deprecated: is_yes(deprecated)?,
        source: match source {
            "" => return None,
            "undocumented" => None,
            page => Some(page),
        },
        params,
    })
}

fn is_yes(cell: &str) -> Option<bool> {
    match cell {
        "Y" => Some(true),
        "N" => Some(false),
        _ => None,
    }
}

fn shape_of(cell: &str) -> Option<Shape> {
    Some(match cell {
        "list" => Shape::List,
        "wrapped" => Shape::Wrapped,
        "map" => Shape::Map,
        "object" => Shape::Object,
        "scalar" => Shape::Scalar,
        "?" => Shape::Unknown,
        _ => return None,
    })
}

fn paging_of(cell: &str) -> Option<Paging> {
    Some(match cell {
        "page" => Paging::Page,
        "controller" => Paging::Controller,
        "offset" => Paging::Offset,
        "pagination" => Paging::Pagination,
        "nav_params" => Paging::NavParams,
        "limit_offset" => Paging::LimitOffset,
        "page_number" => Paging::PageNumber,
        "cursor" => Paging::Cursor,
        "none" | "" => Paging::None,
        _ => return None,
    })
}

/// How a list says its ID, and the name of the ID, which is empty where there is none.
fn keyset_form(cell: &'static str, rest: u8) -> Option<(KeysetForm, &'static str)> {
    match cell.split_once(':') {
        Some(("sort", by)) => Some((KeysetForm::Sort, by)),
        Some(_) => None,
        None if rest == 3 => Some((KeysetForm::Triples, cell)),
        None => Some((KeysetForm::Maps, cell)),
    }
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != y))
                .min(above + 1)
                .min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}
