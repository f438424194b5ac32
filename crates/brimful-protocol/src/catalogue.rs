//! The catalogue: what is known of each REST method, above all how its list is paged.
//!
//! The data is `methods.tsv`, read off the public documentation by a program. It may be old or wrong: a client starts
//! from it and believes the portal's first reply more.

use std::collections::HashMap;
use std::sync::OnceLock;

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
    /// How its list is paged.
    pub paging: Paging,
    /// How its list can be walked by ID, where that is documented.
    pub keyset: Option<Keyset>,
    /// Whether its list comes with a `total`, where the documentation shows a reply.
    pub total: Option<bool>,
    /// Whether the documentation calls it deprecated.
    pub deprecated: bool,
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
    /// An object keyed by ID.
    Map,
    /// One object.
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
    /// How one of its own parameters is spelt, found in any case of its letters; the fields inside of parameters are not
    /// among them.
    pub fn parameter(&self, name: &str) -> Option<&'static str> {
        let mut tables = self.params.split(',');
        if self.params.starts_with(TABLE) {
            tables.next();
        }
        tables
            .take_while(|listed| *listed != TABLE)
            .find(|listed| listed.eq_ignore_ascii_case(name))
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
    let name = name.to_ascii_lowercase();
    let far = name.len() / 3 + 1;
    let distance = |method: &Method| edit_distance(&name, &method.name.to_ascii_lowercase());
    let (distance, method) = all()
        .iter()
        .map(|method| (distance(method), method))
        .min_by_key(|(d, _)| *d)?;
    (distance <= far).then_some(method.name)
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

fn parse(line: &'static str) -> Option<Method> {
    let mut cells = line.split('\t');
    let name = cells.next().filter(|name| !name.is_empty())?;
    let scope = cells.next()?;
    let rest = if cells.next()? == "3" { 3 } else { 2 };
    let shape = match cells.next()? {
        "list" => Shape::List,
        "wrapped" => Shape::Wrapped,
        "map" => Shape::Map,
        "object" => Shape::Object,
        "scalar" => Shape::Scalar,
        _ => Shape::Unknown,
    };
    let key = cells.next().filter(|key| !key.is_empty());
    let id = cells.next().filter(|id| !id.is_empty());
    let paging = match cells.next()? {
        "page" => Paging::Page,
        "controller" => Paging::Controller,
        "offset" => Paging::Offset,
        "pagination" => Paging::Pagination,
        "nav_params" => Paging::NavParams,
        "limit_offset" => Paging::LimitOffset,
        _ => Paging::None,
    };
    let form = match (cells.next()?, rest, paging) {
        ("Y", 3, Paging::Pagination) => Some(KeysetForm::Triples),
        ("Y", 2, Paging::Page | Paging::Controller | Paging::Offset) => Some(KeysetForm::Maps),
        ("sort", 2, Paging::Offset) => Some(KeysetForm::Sort),
        _ => None,
    };
    let total = match cells.next()? {
        "Y" => Some(true),
        "N" => Some(false),
        _ => None,
    };
    let mut flags = cells.skip(4);
    let deprecated = flags.next()? == "Y";
    let params = flags.next().unwrap_or("");
    let keyset = form.map(|form| keyset(name, key, id, paging, form));
    Some(Method {
        name,
        scope,
        rest,
        shape,
        key,
        id,
        paging,
        keyset,
        total,
        deprecated,
        params,
    })
}

/// Legacy lists filter by `ID`, controllers by `id`, but for three controllers that took the old spelling along
/// (facts: SDK special cases, tasks filter keys).
fn keyset(
    name: &str,
    key: Option<&'static str>,
    id: Option<&'static str>,
    paging: Paging,
    form: KeysetForm,
) -> Keyset {
    const OLD_SPELLING: [&str; 3] = [
        "tasks.task.list",
        "socialnetwork.api.workgroup.list",
        "crm.stagehistory.list",
    ];
    // Only controllers wrap their rows: the key tells them where the documentation does not.
    let controller = paging == Paging::Controller || key.is_some();
    let filter = if controller && !OLD_SPELLING.contains(&name) {
        "id"
    } else {
        "ID"
    };
    Keyset {
        filter,
        row: id.unwrap_or(filter),
        key,
        form,
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
