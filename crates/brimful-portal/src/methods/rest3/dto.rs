//! What objects of REST 3.0 are made of: their fields, as data.

use brimful_protocol::Array;

use super::item::Item;

/// A kind of object.
#[derive(Debug)]
pub(crate) struct Dto {
    /// The name that errors and the documentation give it.
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) source: Source,
    pub(super) traits: Traits,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Int,
    /// A number that is 0 where none is stored.
    Count,
    Text,
    Moment,
    Flag,
    List,
    Object,
    /// A number that is stored and the word it is shown as; the first is shown where none is stored.
    Words(&'static [(&'static str, &'static str)]),
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    /// The field of the record, by its older name.
    Column(&'static str),
    /// The same for all: JSON text.
    Always(&'static str),
    /// Worked out.
    ComposedText(fn(&Item<'_>) -> brimful_protocol::Value),
    /// The row of an entity that a column names.
    Row(&'static Dto, &'static str, usize),
    /// The rows of an entity that a column lists.
    Rows(&'static Dto, &'static str, usize),
    /// An object that has no record of its own.
    Built(&'static Dto, fn(&Item<'_>) -> Option<Array>),
}

/// What can be done with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other"
)]
pub(super) struct Traits {
    pub(super) filterable: bool,
    pub(super) sortable: bool,
    pub(super) editable: bool,
    /// Whether it comes where no field is asked for.
    pub(super) base: bool,
}

impl Dto {
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// What it relates to, if it does.
    pub(super) fn related(&self) -> Option<&'static Dto> {
        match self.source {
            Source::Row(dto, ..) | Source::Rows(dto, ..) | Source::Built(dto, _) => Some(dto),
            _ => None,
        }
    }

    /// The older name of the field of the record that it is.
    pub(super) fn column(&self) -> Option<&'static str> {
        match self.source {
            Source::Column(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it has several values.
    pub(super) fn is_multiple(&self) -> bool {
        matches!(self.source, Source::Rows(..))
    }
}

impl Kind {
    /// The name of the type, as `field.list` gives it.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Int | Self::Count => "int",
            Self::Text | Self::Words(_) => "string",
            Self::Flag => "bool",
            Self::List => "array",
            Self::Moment | Self::Object => "object",
        }
    }

    /// The name of the type that a value must have.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Moment => "DateTime",
            other => other.type_name(),
        }
    }

    /// The name of the type in JSON schemas.
    pub(super) fn schema_name(self) -> &'static str {
        match self {
            Self::Int | Self::Count => "integer",
            Self::Text | Self::Words(_) | Self::Moment => "string",
            Self::Flag => "boolean",
            Self::List => "array",
            Self::Object => "object",
        }
    }
}

const fn field(name: &'static str, kind: Kind, source: Source) -> Field {
    Field {
        name,
        kind,
        source,
        traits: Traits {
            filterable: false,
            sortable: false,
            editable: false,
            base: true,
        },
    }
}

pub(super) const fn column(name: &'static str, kind: Kind, of: &'static str) -> Field {
    field(name, kind, Source::Column(of))
}

pub(super) const fn always(name: &'static str, kind: Kind, json: &'static str) -> Field {
    field(name, kind, Source::Always(json))
}

pub(super) const fn made(
    name: &'static str,
    kind: Kind,
    make: fn(&Item<'_>) -> brimful_protocol::Value,
) -> Field {
    field(name, kind, Source::ComposedText(make))
}

/// A relation: it comes only where it is asked for.
pub(super) const fn relation(name: &'static str, kind: Kind, source: Source) -> Field {
    field(name, kind, source).on_demand()
}

impl Field {
    pub(super) const fn filterable(mut self) -> Self {
        self.traits.filterable = true;
        self
    }

    pub(super) const fn sortable(mut self) -> Self {
        self.traits.sortable = true;
        self
    }

    pub(super) const fn editable(mut self) -> Self {
        self.traits.editable = true;
        self
    }

    pub(super) const fn on_demand(mut self) -> Self {
        self.traits.base = false;
        self
    }
}
