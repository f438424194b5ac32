//! Records: entities whose rows exist because somebody wrote or loaded them, or because every portal has them. A
//! [`RecordKind`] describes one: its methods and how they refuse. `fields.tsv` has its fields, `initial.json` the records
//! that every portal has. Another entity is another description; `methods/records.rs` carries them all out.
//!
//! Entities with generated rows, such as leads, are in [`super::entities`].

mod analytics;
mod app_storages;
mod bizproc;
mod booking;
mod calendar;
pub(crate) mod catalogue;
mod commerce;
mod crm;
pub(crate) mod crm_parts;
mod description;
mod documents;
mod drive;
mod groups;
mod integration;
mod lists;
pub(crate) mod messenger;
mod older;
mod planning;
pub(crate) mod push;
pub(crate) mod rest3;
pub(crate) mod rpa;
mod shop_parts;
pub(crate) mod signing;
mod sip;
mod site_blocks;
pub(crate) mod sites;
pub(crate) mod table;
mod telephony;

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value as Json};

pub use description::{
    RecordDescription, RecordFieldDescription, RecordMethodDescription, record_kinds,
};
pub(crate) use table::RecordTable;

/// All kinds of records, in the order of their tables.
pub(crate) fn kinds() -> &'static [&'static RecordKind] {
    static KINDS: OnceLock<Vec<&'static RecordKind>> = OnceLock::new();
    KINDS.get_or_init(|| {
        [
            crm::KINDS,
            analytics::KINDS,
            bizproc::KINDS,
            calendar::KINDS,
            commerce::KINDS,
            drive::KINDS,
            app_storages::KINDS,
            groups::KINDS,
            integration::KINDS,
            lists::KINDS,
            messenger::KINDS,
            telephony::KINDS,
            booking::KINDS,
            catalogue::KINDS,
            crm_parts::KINDS,
            rpa::KINDS,
            shop_parts::KINDS,
            site_blocks::KINDS,
            older::KINDS,
            planning::KINDS,
            push::KINDS,
            signing::KINDS,
            sip::KINDS,
            sites::KINDS,
            documents::KINDS,
            rest3::KINDS,
        ]
        .into_iter()
        .flatten()
        .collect()
    })
}

/// The index of the kind that has a method, and the method; `name` is in lower case.
pub(crate) fn find(name: &str) -> Option<(usize, &'static RecordMethod)> {
    static BY_METHOD: OnceLock<HashMap<&'static str, (usize, &'static RecordMethod)>> =
        OnceLock::new();
    let by_method = BY_METHOD.get_or_init(|| {
        let methods = |(place, kind): (usize, &&'static RecordKind)| {
            kind.methods
                .iter()
                .map(move |method| (method.name, (place, method)))
        };
        kinds().iter().enumerate().flat_map(methods).collect()
    });
    by_method.get(name).copied()
}

/// The index of the kind with this name.
pub(crate) fn place(name: &str) -> Option<usize> {
    kinds().iter().position(|kind| kind.name == name)
}

/// The index of the kind whose rows a method lists.
pub(crate) fn listed(method: &str) -> Option<usize> {
    let name = method.trim().to_ascii_lowercase();
    let (name, is_rest3) = match name.strip_prefix("api/") {
        Some(name) => (name, true),
        None => (name.as_str(), false),
    };
    let (place, method) = find(name)?;
    // A method of the older REST is not that of REST 3.0 with its name.
    if is_rest3 && !kinds()[place].rest3 {
        return None;
    }
    matches!(method.verb, RecordVerb::List | RecordVerb::GetOrList).then_some(place)
}

/// The fields of a kind, in the order in which its rows have them.
pub(crate) fn fields(kind: &str) -> &'static [RecordField] {
    static BY_KIND: OnceLock<HashMap<&'static str, Vec<RecordField>>> = OnceLock::new();
    let by_kind = BY_KIND.get_or_init(|| {
        let mut by_kind: HashMap<&'static str, Vec<RecordField>> = HashMap::new();
        // The first line has the names of the columns.
        for line in include_str!("fields.tsv").lines().skip(1) {
            if let Some((kind, field)) = RecordField::read(line) {
                by_kind.entry(kind).or_default().push(field);
            }
        }
        by_kind
    });
    by_kind.get(kind).map_or(&[], Vec::as_slice)
}

/// The records of a kind that every portal has.
pub(crate) fn initial(kind: &str) -> Vec<Map<String, Json>> {
    static BY_KIND: OnceLock<HashMap<String, Vec<Map<String, Json>>>> = OnceLock::new();
    // A test reads the file, so it would not come so far if it could not be read.
    let by_kind = BY_KIND
        .get_or_init(|| serde_json::from_str(include_str!("initial.json")).unwrap_or_default());
    by_kind.get(kind).cloned().unwrap_or_default()
}

/// What is known of one kind of records.
#[derive(Debug)]
pub(crate) struct RecordKind {
    /// Its name in `fields.tsv`.
    pub(crate) name: &'static str,
    pub(crate) scope: &'static str,
    /// The field that has the number which the portal gives to each record.
    pub(crate) id: &'static str,
    /// The number of the first record that a call adds.
    pub(crate) first: u64,
    /// The fields by which callers name a record; mostly [`RecordKind::id`] alone. Several are among the fields that a
    /// call gives, one is a parameter of its own.
    pub(crate) key: &'static [&'static str],
    pub(crate) spelling: Spelling,
    /// Fields that a call names beside the record, such as the list that an element belongs to: they narrow what it sees,
    /// and are written to what it adds.
    pub(crate) parent_fields: &'static [&'static str],
    /// Parameters with Unix seconds that a call may give in the place of others, and those others.
    pub(crate) unix_time_params: &'static [(&'static str, &'static str)],
    /// How a call without a certain field is refused, where it is not as for the others.
    pub(crate) refusals_by_field: &'static [(&'static str, Refusal)],
    /// Fields that a call gives beside the parameter with the others.
    pub(crate) outer_fields: &'static [&'static str],
    /// The kind that has to have the first of [`RecordKind::parent_fields`], and how a call is refused where it has not.
    pub(crate) parent: Option<(&'static str, Refusal)>,
    /// The record of the CRM that a new record belongs to.
    pub(crate) owner: Option<OwnerRule>,
    /// Fields that have one of few values, and how a new record with another is refused.
    pub(crate) choices: &'static [(&'static str, &'static [&'static str], Refusal)],
    /// Whether rows also have fields that are not described.
    pub(crate) extra_fields: ExtraFields,
    /// Whether lists refuse filters and orders by fields that records don't have. Others pass them over.
    pub(crate) refuses_unknown_names: bool,
    /// Whether the methods belong to REST 3.0.
    pub(crate) rest3: bool,
    pub(crate) methods: &'static [RecordMethod],
    /// How a record that is not there is refused; `{}` in the text stands for what it was called.
    pub(crate) not_found: Refusal,
    /// How a call without the parameter that has the fields is refused; as controllers do if nothing is said.
    pub(crate) no_fields: Option<Refusal>,
    /// How a call that names no record is refused; `{}` in the text stands for the parameter.
    pub(crate) unnamed: Refusal,
    /// How a call without a required field is refused; `{}` in the text stands for its name.
    pub(crate) required: Refusal,
    /// How a second record with the same key is refused, where the key is not the number.
    pub(crate) taken: Refusal,
}

/// What the controllers of the shop and the catalogue have in common.
const CONTROLLER: RecordKind = RecordKind {
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
    unnamed: MISSING_PARAMETER,
    required: Refusal {
        code: "0",
        text: "Required fields: {}",
    },
    ..OLDER
};

/// A kind of which nothing is known but the ways of older methods.
const OLDER: RecordKind = RecordKind {
    name: "",
    scope: "",
    id: "ID",
    first: 1,
    key: &["ID"],
    spelling: Spelling::Texts,
    parent_fields: &[],
    unix_time_params: &[],
    refusals_by_field: &[],
    outer_fields: &[],
    parent: None,
    owner: None,
    choices: &[],
    extra_fields: ExtraFields::No,
    refuses_unknown_names: false,
    rest3: false,
    methods: &[],
    not_found: Refusal {
        code: "",
        text: "Not found",
    },
    no_fields: None,
    unnamed: Refusal {
        code: "",
        text: "ID is not defined or invalid.",
    },
    required: Refusal {
        code: "",
        text: "The field {} is required.",
    },
    taken: Refusal {
        code: "",
        text: "Already exists",
    },
};

/// The six usual methods of a kind, by what their names begin with.
macro_rules! usual_methods {
    ($branch:literal) => {
        &[
            method(concat!($branch, ".fields"), RecordVerb::Fields),
            method(concat!($branch, ".list"), RecordVerb::List),
            method(concat!($branch, ".get"), RecordVerb::Get),
            method(concat!($branch, ".add"), RecordVerb::Add),
            method(concat!($branch, ".update"), RecordVerb::Update),
            method(concat!($branch, ".delete"), RecordVerb::Delete),
        ]
    };
}
use usual_methods;

/// Whether rows have fields that are not described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtraFields {
    No,
    /// As they were written.
    Yes,
    /// Those whose names begin with `UF_`, as they were written.
    UserFields,
    /// As they were written; those that begin with `PROPERTY_` as a map from the number of a value to the value.
    Properties,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Numbers are texts, as older methods write them.
    Texts,
    /// Numbers are numbers and flags are booleans, as controllers write them.
    Typed,
}

/// Code and text of a refusal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) text: &'static str,
}

/// Which records of the CRM a record may belong to.
#[derive(Debug)]
pub(crate) struct OwnerRule {
    /// The fields with the type and the number of the owner.
    pub(crate) type_field: &'static str,
    pub(crate) id_field: &'static str,
    /// The types that are taken, in lower case; empty if all are.
    pub(crate) types: &'static [&'static str],
    /// How a type that is not taken is refused.
    pub(crate) unknown_type: Refusal,
    /// How an owner that is not there is refused.
    pub(crate) not_found: Refusal,
}

/// A field of a record.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the flags of field metadata"
)]
pub(crate) struct RecordField {
    pub(crate) name: &'static str,
    /// What calls name it by; mostly its name.
    pub(crate) param: &'static str,
    pub(crate) kind: ValueKind,
    /// The `type` in field metadata.
    pub(crate) type_name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) required: bool,
    pub(crate) read_only: bool,
    /// Written once, when the record is added.
    pub(crate) immutable: bool,
    pub(crate) multiple: bool,
    /// Whether rows don't show it: methods of its own do.
    pub(crate) hidden: bool,
    /// Whether rows have it, and the description of the fields has not.
    pub(crate) undescribed: bool,
    /// Whether lists don't show it: only a record that is read alone does.
    pub(crate) unlisted: bool,
    pub(crate) default: DefaultValue,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Integer,
    Number,
    Text,
    /// `Y` or `N`.
    Flag,
    Boolean,
    Date,
    Moment,
    User,
    /// Whatever was written.
    Anything,
}

/// What a new record has in a field that the call says nothing of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DefaultValue {
    Null,
    /// The row lacks the field.
    Absent,
    Text(&'static str),
    Integer(i64),
    Boolean(bool),
    /// An empty list.
    EmptyList,
    /// The moment of the call.
    Now,
    /// The moment of every call that writes the record.
    UpdatedAt,
    /// The user who calls.
    Caller,
    /// The user who wrote the record last.
    UpdatedBy,
    /// Null until somebody changes the record, and then who did so last.
    UpdatedByOrNull,
    /// Empty until somebody changes the record, and then the moment of the last change.
    UpdatedAtOrEmpty,
    /// JSON.
    Json(&'static str),
}

impl RecordField {
    /// A line of `fields.tsv`: the kind, the name, the type, letters (`R` required, `O` read only, `I` immutable, `M`
    /// multiple, `H` hidden, `L` not in lists, `U` in rows only), the default, what calls name it by if not by its name, the title. `None`
    /// if it is no such line, which a test excludes.
    fn read(line: &'static str) -> Option<(&'static str, Self)> {
        let [kind, name, value_kind, flags, default, param, title] = split(line)?;
        let field = Self {
            name,
            param: if param.is_empty() { name } else { param },
            kind: ValueKind::read(value_kind)?,
            type_name: value_kind,
            title,
            required: flags.contains('R'),
            read_only: flags.contains('O'),
            immutable: flags.contains('I'),
            multiple: flags.contains('M'),
            hidden: flags.contains('H'),
            undescribed: flags.contains('U'),
            unlisted: flags.contains('L'),
            default: DefaultValue::read(default)?,
        };
        Some((kind, field))
    }
}

fn split<const N: usize>(line: &str) -> Option<[&str; N]> {
    line.split('\t').collect::<Vec<_>>().try_into().ok()
}

impl ValueKind {
    /// What is behind the `type` of field metadata.
    fn read(name: &str) -> Option<Self> {
        Some(match name {
            "integer" | "int" => Self::Integer,
            "double" => Self::Number,
            "string" | "text" => Self::Text,
            "char" => Self::Flag,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "datetime" => Self::Moment,
            "user" => Self::User,
            "object"
            | "file"
            | "attached_diskfile"
            | "product_property"
            | "product_file"
            | "datatype"
            | "crm_status"
            | "currency_localization"
            | "any"
            | "crm_dynamic_type"
            | "recurring_params" => Self::Anything,
            _ => return None,
        })
    }
}

impl DefaultValue {
    fn read(text: &'static str) -> Option<Self> {
        Some(match text {
            "" => Self::Null,
            "absent" => Self::Absent,
            "[]" => Self::EmptyList,
            "now" => Self::Now,
            "touched" => Self::UpdatedAt,
            "caller" => Self::Caller,
            "editor" => Self::UpdatedBy,
            "later_editor" => Self::UpdatedByOrNull,
            "later_touched" => Self::UpdatedAtOrEmpty,
            text if text.starts_with('{') => Self::Json(text),
            "true" => Self::Boolean(true),
            "false" => Self::Boolean(false),
            text => match text.strip_prefix('=') {
                Some(text) => Self::Text(text),
                None => Self::Integer(text.parse().ok()?),
            },
        })
    }
}

/// What a method does with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordVerb {
    /// Describes the fields.
    Fields,
    /// Lists records.
    List,
    /// Reads a record.
    Get,
    /// Adds a record.
    Add,
    /// Changes a record.
    Update,
    /// Deletes a record.
    Delete,
    /// The record that the call names, or all if it names none.
    GetOrList,
    /// Updates the record that the call names by its key, or adds it.
    Put,
    /// Deletes all records that have what the call gives.
    DeleteMatching,
}

/// A method of a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordMethod {
    /// In lower case.
    pub(crate) name: &'static str,
    pub(crate) verb: RecordVerb,
    /// The parameter that has the fields; empty if they are parameters themselves.
    pub(crate) fields: &'static str,
    /// The parameter that names the record.
    pub(crate) id: &'static str,
    pub(crate) answer: Answer,
    pub(crate) paging: RecordPaging,
    /// The parameter by which a list is sorted.
    pub(crate) order: &'static str,
    /// Fields that the filter of a list has to name.
    pub(crate) required_filters: &'static [&'static str],
    /// The parameter without which the description of the fields is refused; empty if there is none.
    pub(crate) needs: &'static str,
    /// Fields that are described for one value of that parameter alone, and that value.
    pub(crate) described_for: &'static [(&'static str, &'static str)],
    /// The parameter that has the filter, the order and the select of a list; empty if they are parameters themselves.
    pub(crate) nested: &'static str,
    /// What is answered, as JSON, where the record that the call names is not there; a refusal if it is empty.
    pub(crate) reply_if_missing: &'static str,
    /// Parameters that narrow a list where they are given, and the fields that they are compared with.
    pub(crate) narrowed_by: &'static [(&'static str, &'static str)],
    /// Fields that an update writes beside those that it is given, and their values as JSON.
    pub(crate) sets: &'static [(&'static str, &'static str)],
    /// Parameters that the call needs beside the record, and how it is refused without one; `{}` in the text stands for
    /// the parameter.
    pub(crate) params: &'static [(&'static str, Refusal)],
    /// How a record that is not there is refused, where it is not as for the other methods of the kind.
    pub(crate) not_found: Option<Refusal>,
    /// Whether an update writes nothing but [`RecordMethod::sets`].
    pub(crate) is_action: bool,
    /// Whether a list for which no order is asked begins with the newest record.
    pub(crate) newest_first: bool,
}

/// What a method returns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// The ID.
    Id,
    True,
    Null,
    /// The record, or a list of them.
    Rows,
    /// The record, or a list of them, under a name.
    Under(&'static str),
    /// The ID under a name.
    IdUnder(&'static str),
    /// The ID under a name, as a text.
    IdTextUnder(&'static str),
    /// The value of one field.
    Value(&'static str),
    /// The value of one field, under a name.
    ValueUnder(&'static str, &'static str),
    /// The record under a name, and entries of the result beside it, as the inside of a JSON object.
    UnderWith(&'static str, &'static str),
    /// The types of the fields and nothing else, under a name.
    Types(&'static str),
    /// All records by their IDs, under a name; the result if it is empty.
    ById(&'static str),
    /// The same for all records, as JSON.
    Constant(&'static str),
    /// The values of one field of all records.
    Values(&'static str),
    /// An empty list.
    Nothing,
    /// How many records it was about, under `count`.
    Count,
    /// JSON in which `{FIELD}` stands for the value of a field of the record.
    Template(&'static str),
}

/// How a list is cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordPaging {
    /// `start`, as older lists take it.
    Older,
    /// `start`, as controllers take it.
    Controller,
    /// `start`, to the row.
    Offset,
    /// `limit` and `offset`, without a count.
    LimitOffset,
    /// All at once, with a count.
    Counted,
    /// All at once.
    Whole,
}

/// How calendars refuse a call without a parameter that they need.
const NOT_SET: Refusal = Refusal {
    code: "",
    text: "The required parameter \"{}\" for the method \"{method}\" is not set",
};

/// How a call without an argument is refused, by methods that check their arguments alike.
const NO_ARGUMENT: Refusal = Refusal {
    code: "ERROR_ARGUMENT",
    text: "Argument '{}' is null or empty",
};

/// How controllers refuse a call without a parameter.
pub(crate) const MISSING_PARAMETER: Refusal = Refusal {
    code: "100",
    text: "Could not find value for parameter {{}}",
};

const fn method(name: &'static str, verb: RecordVerb) -> RecordMethod {
    RecordMethod {
        name,
        verb,
        fields: "fields",
        id: "id",
        answer: match verb {
            RecordVerb::Fields | RecordVerb::List | RecordVerb::Get | RecordVerb::GetOrList => {
                Answer::Rows
            }
            RecordVerb::Add | RecordVerb::Put => Answer::Id,
            RecordVerb::Update | RecordVerb::Delete => Answer::True,
            RecordVerb::DeleteMatching => Answer::Count,
        },
        paging: RecordPaging::Older,
        order: "order",
        required_filters: &[],
        needs: "",
        described_for: &[],
        nested: "",
        reply_if_missing: "",
        narrowed_by: &[],
        sets: &[],
        params: &[],
        not_found: None,
        is_action: false,
        newest_first: false,
    }
}

impl RecordMethod {
    const fn answers(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    const fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// The fields are parameters of the call.
    const fn flat(mut self) -> Self {
        self.fields = "";
        self
    }

    const fn needs(mut self, param: &'static str) -> Self {
        self.needs = param;
        self
    }

    const fn described_for(mut self, fields: &'static [(&'static str, &'static str)]) -> Self {
        self.described_for = fields;
        self
    }

    const fn nested(mut self, param: &'static str) -> Self {
        self.nested = param;
        self
    }

    const fn reply_if_missing(mut self, json: &'static str) -> Self {
        self.reply_if_missing = json;
        self
    }

    const fn id_param(mut self, id: &'static str) -> Self {
        self.id = id;
        self
    }

    const fn paged(mut self, paging: RecordPaging) -> Self {
        self.paging = paging;
        self
    }

    const fn sorted_by(mut self, order: &'static str) -> Self {
        self.order = order;
        self
    }

    const fn narrowed_by(mut self, params: &'static [(&'static str, &'static str)]) -> Self {
        self.narrowed_by = params;
        self
    }

    /// The call needs these parameters too.
    const fn params(mut self, params: &'static [(&'static str, Refusal)]) -> Self {
        self.params = params;
        self
    }

    const fn not_found(mut self, refusal: Refusal) -> Self {
        self.not_found = Some(refusal);
        self
    }

    /// The fields are under another parameter than `fields`.
    const fn fields_param(mut self, fields: &'static str) -> Self {
        self.fields = fields;
        self
    }

    /// An action: the record that the call names gets these values.
    const fn sets(mut self, values: &'static [(&'static str, &'static str)]) -> Self {
        self.sets = values;
        self.fields = "";
        self.is_action = true;
        self
    }

    const fn filtered_by(mut self, fields: &'static [&'static str]) -> Self {
        self.required_filters = fields;
        self
    }
}
