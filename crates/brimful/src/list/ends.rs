//! The first request of a walk by ID: the first page, and the last one for the highest ID. What they show decides
//! whether the list can be walked by ID at all.

use brimful_protocol::rows::{Page, PageOutcome};
use serde_json::{Map, Value};

use super::keyset::KeysetPages;
use super::strategy::{ListCommand, Stalls, Stuck, Then};

/// The first and last page of a list, asked for until both are there.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    first: End,
    last: End,
    /// What each request on its way asks for, in the order of its commands.
    issued: Vec<Which>,
}

#[derive(Debug, Default)]
enum End {
    #[default]
    Wanted,
    Flying,
    Here(Page),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    First,
    Last,
}

/// What both pages show.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The first page.
    pub(crate) first: Page,
    /// The lowest ID, and the last one of the first page; `None` for an empty list.
    pub(crate) first_ids: Option<(u64, u64)>,
    /// The rows of the last page that are not in the first one, ascending.
    pub(crate) last: Page,
    /// The lowest ID of the whole last page.
    pub(crate) last_from: u64,
    /// The highest ID.
    pub(crate) horizon: u64,
    /// The first page was short, and yet others follow: pages of this list are short for reasons of their own.
    pub(crate) ragged: bool,
}

impl Shown {
    /// Whether rows lie between the two pages.
    pub(crate) fn gap(&self) -> Option<(u64, u64)> {
        let (_, first_to) = self.first_ids?;
        (self.last_from > first_to && self.horizon > first_to)
            .then(|| (first_to, self.last_from - 1))
    }
}

impl Ends {
    /// The commands that are still to be sent, at most `room`; they come back together.
    pub(crate) fn next(&mut self, room: usize, pages: &KeysetPages) -> Option<Vec<ListCommand>> {
        // One request at a time: so the outcomes belong to what was issued last.
        if !self.issued.is_empty() {
            return None;
        }
        let mut commands = Vec::new();
        for which in [Which::First, Which::Last] {
            if commands.len() == room.max(1) {
                break;
            }
            let (end, command) = match which {
                Which::First => (&mut self.first, pages.first()),
                Which::Last => (&mut self.last, pages.last()),
            };
            if matches!(end, End::Wanted) {
                *end = End::Flying;
                self.issued.push(which);
                commands.push(command);
            }
        }
        (!commands.is_empty()).then_some(commands)
    }

    /// What was asked for is to be asked for again.
    pub(crate) fn give_back(&mut self) {
        for which in self.issued.drain(..) {
            match which {
                Which::First => self.first = End::Wanted,
                Which::Last => self.last = End::Wanted,
            }
        }
    }

    /// Takes the outcomes of a request; `Ok(Ok(…))` once both pages are there.
    pub(crate) fn accept(
        &mut self,
        outcomes: Vec<PageOutcome>,
        pages: &KeysetPages,
        stalls: &mut Stalls,
    ) -> Result<Result<Shown, Then>, Stuck> {
        let mut then = Then::GoOn;
        let issued = std::mem::take(&mut self.issued);
        for (which, outcome) in issued.into_iter().zip(outcomes) {
            let end = match stalls.page(outcome)? {
                Ok((page, _)) => End::Here(page),
                Err(wait) => {
                    then = wait;
                    End::Wanted
                }
            };
            match which {
                Which::First => self.first = end,
                Which::Last => self.last = end,
            }
        }
        match (
            std::mem::take(&mut self.first),
            std::mem::take(&mut self.last),
        ) {
            (End::Here(first), End::Here(last)) => shown(first, last, pages).map(Ok),
            (first, last) => {
                (self.first, self.last) = (first, last);
                Ok(Err(then))
            }
        }
    }
}

fn shown(first: Page, mut last: Page, pages: &KeysetPages) -> Result<Shown, Stuck> {
    let wrong = |why: &str| Stuck::WrongStrategy(why.to_owned());
    let bounds = pages.bounds;
    let first_ids = ascending(&first, bounds.above).map_err(|why| wrong(&why))?;
    if first.len() > pages.full {
        return Err(wrong(&format!(
            "its first page has more than {} rows",
            pages.full
        )));
    }
    let bounded = |page: &Page| match bounds.up_to {
        Some(up_to) => page.ids().flatten().all(|id| id <= up_to),
        None => true,
    };
    if !bounded(&first) || !bounded(&last) {
        return Err(wrong("it ignores the upper bound of the ID"));
    }
    let Some((_, first_to)) = first_ids else {
        if !last.is_empty() {
            return Err(wrong("its last page has rows and its first one has none"));
        }
        return Ok(Shown {
            first,
            first_ids,
            last: Page::default(),
            last_from: bounds.above,
            horizon: bounds.above,
            ragged: false,
        });
    };
    let beyond = last.ids().flatten().any(|id| id > first_to);
    if first.len() < pages.full && !beyond {
        return Ok(Shown {
            first,
            first_ids,
            last: Page::default(),
            last_from: first_to,
            horizon: first_to,
            ragged: false,
        });
    }
    last.reverse();
    let last_ids =
        ascending(&last, bounds.above).map_err(|_| wrong("it does not sort by ID descending"))?;
    let Some((last_from, horizon)) = last_ids.filter(|(_, horizon)| *horizon >= first_to) else {
        return Err(wrong("its last page lies before its first one"));
    };
    let ragged = first.len() < pages.full;
    last.retain_ids(|id| id.is_some_and(|id| id > first_to));
    Ok(Shown {
        first,
        first_ids,
        last,
        last_from,
        horizon,
        ragged,
    })
}

/// The first and last ID of a page whose IDs all lie above `above` and ascend; `None` for an empty page.
pub(crate) fn ascending(page: &Page, above: u64) -> Result<Option<(u64, u64)>, String> {
    let mut first = None;
    let mut last = above;
    for id in page.ids() {
        let Some(id) = id else {
            return Err("a row has no ID".to_owned());
        };
        if id <= last {
            return Err(format!("after ID {last} came ID {id}"));
        }
        first.get_or_insert(id);
        last = id;
    }
    Ok(first.map(|first| (first, last)))
}

/// How a row spells the field `name`: references are case-sensitive, documentation is not.
pub(crate) fn spelling(row: &str, name: &str) -> Option<String> {
    let row: Map<String, Value> = serde_json::from_str(row).ok()?;
    row.keys()
        .find(|key| key.eq_ignore_ascii_case(name))
        .cloned()
}
