//! What becomes of rows that appear above the highest ID of the start.

/// Whether rows above the highest ID of the start are read at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tail {
    /// They are read too, until a short page: the list is complete as of the end of the walk.
    #[default]
    Sweep,
    /// They are left out: the list is complete as of its start.
    Leave,
}

/// The tail is read by so many requests at most: a portal that inserts faster than we read does not hold us for ever.
pub(crate) const TAIL_REQUESTS: u32 = 20;
