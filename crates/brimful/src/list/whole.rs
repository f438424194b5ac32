//! Lists without pages: one call, and what comes is the list.

use brimful_protocol::rows::{Page, PageOutcome};
use serde_json::{Map, Value};

use super::report::Proof;
use super::strategy::{
    Extent, ListCommand, NextAction, ReadAhead, StallCounter, Strategy, StrategyError, Ticket,
};

#[derive(Debug)]
pub(crate) struct Whole {
    params: Map<String, Value>,
    sorting: Sorting,
    trust: Trust,
    stalls: StallCounter,
    state: State,
}

/// Who says that one call returns all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The catalogue, which may be wrong: a page of exactly 50 rows is not believed to be all.
    Catalogue,
    Caller,
}

/// The order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sorting {
    /// As they came.
    AsTheyCame,
    /// By their IDs: they came as a map keyed by ID, which has no order of its own.
    ById,
}

#[derive(Debug)]
enum State {
    Wanted,
    Flying,
    Here(Page),
    HandedOut,
}

impl Whole {
    pub(crate) fn new(params: Map<String, Value>, sorting: Sorting, trust: Trust) -> Self {
        Self {
            params,
            sorting,
            trust,
            stalls: StallCounter::default(),
            state: State::Wanted,
        }
    }
}

impl Strategy for Whole {
    fn name(&self) -> &'static str {
        "one call"
    }

    fn next(&mut self, _: usize, _: ReadAhead) -> Option<(Ticket, Vec<ListCommand>)> {
        if !matches!(self.state, State::Wanted) {
            return None;
        }
        self.state = State::Flying;
        let params = Value::Object(self.params.clone());
        Some((Ticket::default(), vec![ListCommand { params }]))
    }

    fn accept(
        &mut self,
        _: Ticket,
        outcomes: Vec<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let outcome = outcomes.into_iter().next().unwrap_or(PageOutcome::NotRun);
        let (mut page, meta) = match self.stalls.page(outcome)? {
            Ok(came) => came,
            Err(then) => {
                self.state = State::Wanted;
                return Ok(then);
            }
        };
        let counted = meta.total.filter(|total| *total > page.len() as u64);
        let cursor = meta.paging.cursor.is_some() && meta.paging.more != Some(false);
        let doubtful = self.trust == Trust::Catalogue && page.len() == 50 && meta.total.is_none();
        if doubtful
            || meta.next.is_some()
            || counted.is_some()
            || meta.paging.more == Some(true)
            || cursor
        {
            return Err(StrategyError::WrongStrategy(
                "one call does not return all of it".to_owned(),
            ));
        }
        if self.sorting == Sorting::ById && page.ids().all(|id| id.is_some()) {
            page.sort_by_id();
        }
        self.state = if page.is_empty() {
            State::HandedOut
        } else {
            State::Here(page)
        };
        Ok(NextAction::GoOn)
    }

    fn give_back(&mut self, _: Ticket) {
        self.state = State::Wanted;
    }

    fn pop(&mut self) -> Option<Page> {
        match std::mem::replace(&mut self.state, State::HandedOut) {
            State::Here(page) => Some(page),
            other => {
                self.state = other;
                None
            }
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::HandedOut)
    }

    fn buffered(&self) -> usize {
        match &self.state {
            State::Here(page) => page.bytes(),
            _ => 0,
        }
    }

    fn extent(&self) -> Extent {
        Extent {
            done: self.is_done().then_some(1.0),
            complete_to: None,
        }
    }

    fn proof(&self) -> Proof {
        if self.is_done() {
            Proof::OneReply
        } else {
            Proof::None
        }
    }
}
