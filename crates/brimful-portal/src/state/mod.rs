//! The portal's data.

/// What a portal starts with.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// Generated rows differ from seed to seed.
    pub seed: u64,
    /// Rows to generate.
    pub rows: Vec<Rows>,
    /// Rows to take as they are.
    pub loads: Vec<Load>,
}

/// Rows to generate for one entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// `lead`, `deal`, `contact`, `company`, `task`, `user`, `department`, or an `entityTypeId` from 128 on.
    pub entity: String,
    /// How many rows there are, exactly.
    pub rows: u64,
    /// The share of IDs that are missing between them, from 0 to 0.99.
    pub gaps: f64,
}

/// Rows of one entity to take as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// As in [`Rows::entity`].
    pub entity: String,
    /// The rows, in any order. `ID` or `id` is a number or a string of digits; fields that a row lacks are empty.
    pub rows: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// Why a portal cannot start with some data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no such entity.
    #[error(
        "no entity \"{0}\": there are lead, deal, contact, company, task, user, department and entityTypeIds from 128 on"
    )]
    UnknownEntity(String),
    /// A loaded row has no ID.
    #[error("row {row} of \"{entity}\" has no ID: give every row an ID from 1 on")]
    NoId {
        /// The entity.
        entity: String,
        /// The row, counted from 1.
        row: usize,
    },
    /// A generated entity is larger than IDs go.
    #[error("{rows} rows of \"{entity}\" are too many: at most {MOST_ROWS} can be generated")]
    TooManyRows {
        /// The entity.
        entity: String,
        /// The rows asked for.
        rows: u64,
    },
}

/// At most so many rows of an entity are generated.
const MOST_ROWS: u64 = 1_000_000_000;

/// All that the portal holds.
pub(crate) struct State;

impl State {
    /// A portal with `data` and nothing else.
    pub(crate) fn new(data: Data) -> Result<Self, DataError> {
        match data.rows.into_iter().find(|rows| rows.rows > MOST_ROWS) {
            Some(Rows { entity, rows, .. }) => Err(DataError::TooManyRows { entity, rows }),
            None => Ok(Self),
        }
    }
}
