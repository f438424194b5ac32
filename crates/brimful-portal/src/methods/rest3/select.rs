//! `select`: which fields of an object come.
//!
//! An unknown field of the object itself is left out in silence; one of a related object is an error.

use brimful_protocol::{Value, json};

use super::dto::{Dto, Field};
use super::error;
use crate::context::MethodError;

/// The fields to show.
#[derive(Debug, Default)]
pub(super) struct Selection(Vec<Chosen>);

#[derive(Debug)]
struct Chosen {
    field: &'static Field,
    /// What of a related object.
    inner: Option<Selection>,
}

/// How far paths may go: a relation of a relation of a relation.
const DEEPEST: usize = 4;

impl Selection {
    /// The fields that come where none are asked for.
    pub(super) fn base(dto: &Dto) -> Self {
        let base = dto.fields.iter().filter(|field| field.traits.base);
        Self(base.map(|field| Chosen { field, inner: None }).collect())
    }

    /// What `select` says; `None` if it says nothing.
    pub(super) fn parse(dto: &Dto, select: Option<&Value>) -> Result<Option<Self>, MethodError> {
        let names = match select {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(names)) if names.is_empty() => return Ok(None),
            Some(Value::Array(names)) => names,
            Some(other) => return Err(error::invalid_select(&json::to_string(other))),
        };
        let mut selection = Self::default();
        for name in names.values() {
            let Value::Text(name) = name else {
                return Err(error::invalid_select(&json::to_string(name)));
            };
            match name.split_once('.') {
                Some((relation, rest)) => selection.choose_inside(dto, relation, rest, 1)?,
                None => {
                    if let Some(field) = dto.field(name) {
                        selection.choose(field);
                    }
                }
            }
        }
        Ok(Some(selection))
    }

    /// The fields of `field.list` and the like: an unknown one is an error.
    pub(super) fn parse_strictly(
        dto: &Dto,
        select: Option<&Value>,
    ) -> Result<Option<Self>, MethodError> {
        let names = select.and_then(Value::as_array).into_iter();
        for name in names.flat_map(brimful_protocol::Array::values) {
            if let Value::Text(name) = name
                && dto.field(name).is_none()
            {
                return Err(error::unknown_field(name, dto.name));
            }
        }
        Self::parse(dto, select)
    }

    fn choose_inside(
        &mut self,
        dto: &Dto,
        relation: &str,
        rest: &str,
        depth: usize,
    ) -> Result<(), MethodError> {
        let unknown = |name: &str, dto: &Dto| Err(error::unknown_field(name, dto.name));
        let Some(field) = dto.field(relation) else {
            return unknown(relation, dto);
        };
        let Some(related) = field.related().filter(|_| depth < DEEPEST) else {
            return unknown(&format!("{relation}.{rest}"), dto);
        };
        let inner = self.choose_empty(field);
        match rest.split_once('.') {
            Some((relation, rest)) => inner.choose_inside(related, relation, rest, depth + 1),
            None => match related.field(rest) {
                Some(field) => {
                    inner.choose(field);
                    Ok(())
                }
                None => unknown(rest, related),
            },
        }
    }

    /// Chooses a field; of a relation, what comes of it by itself.
    fn choose(&mut self, field: &'static Field) {
        if self.position(field).is_none() {
            let inner = field.related().map(Self::base);
            self.0.push(Chosen { field, inner });
        }
    }

    /// Chooses a relation, and gives what is chosen of it so far.
    fn choose_empty(&mut self, field: &'static Field) -> &mut Self {
        let at = self.position(field).unwrap_or_else(|| {
            self.0.push(Chosen { field, inner: None });
            self.0.len() - 1
        });
        self.0[at].inner.get_or_insert_default()
    }

    fn position(&self, field: &Field) -> Option<usize> {
        self.0
            .iter()
            .position(|chosen| std::ptr::eq(chosen.field, field))
    }

    /// The same, with the ID first.
    pub(super) fn with_id(mut self, dto: &Dto) -> Self {
        if let Some(field) = dto.field("id")
            && self.position(field).is_none()
        {
            self.0.insert(0, Chosen { field, inner: None });
        }
        self
    }

    /// The fields, and what is chosen of related objects.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static Field, Option<&Self>)> {
        self.0
            .iter()
            .map(|chosen| (chosen.field, chosen.inner.as_ref()))
    }
}
