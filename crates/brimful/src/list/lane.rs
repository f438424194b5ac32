//! A stretch of IDs that is read in order, and the part of a request that reads it.

use std::collections::VecDeque;

use brimful_protocol::rows::Page;

/// The rows with IDs in `(cursor, end]` that are still to be read, behind pages that were read and wait.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) cursor: u64,
    pub(crate) end: u64,
    pub(crate) pages: VecDeque<Page>,
    pub(crate) state: LaneState,
    /// The portal gave a short page in the middle of a lane: its pages may be short for reasons of their own, so only
    /// an empty one ends this lane, and it is read page by page.
    pub(crate) short_pages: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneState {
    Idle,
    /// Commands for it are on their way.
    Flying,
    Done,
}

/// The part of a request that reads one lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    /// The lane is known by where it began when it was sent: lanes never overlap, and a lane's cursor does not move
    /// while it flies.
    pub(crate) cursor: u64,
    /// The upper bound that was asked for; the lane may have been cut shorter since.
    pub(crate) up_to: u64,
    pub(crate) commands: usize,
}

impl Lane {
    pub(crate) fn new(cursor: u64, end: u64) -> Self {
        let state = if cursor < end {
            LaneState::Idle
        } else {
            LaneState::Done
        };
        Self {
            cursor,
            end,
            pages: VecDeque::new(),
            state,
            short_pages: false,
        }
    }
}
