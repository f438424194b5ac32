//! What several readings of a list prove: the argument that it is whole.
//!
//! # What is counted
//!
//! A row is there from when it is added until it is deleted. So one that came before a moment and came again after it
//! was there at that moment, whatever was added, deleted or put in another order meanwhile. The walk keeps, for two
//! moments of every pass, how many different rows are known to have been there:
//!
//! - the reply with the first page, which says by its `total` how many rows there were,
//! - the reply with the last page, which says so by its place: with 13 rows behind `start` 100 there were 113.
//!
//! Where as many rows are known as there were, none is missing: the known rows are the list as it was at that moment,
//! and a row that was there throughout is one of them. This holds under any changes, an adversary's too. A clean list
//! is proved by its second pass; a change costs a pass more where a row is hidden by it, and none where it is not.
//!
//! In a list that gives ascending IDs, and has no conditions that a row may come to meet, a row is there from when it is
//! given its ID. So each row whose ID is not above the newest one that was seen before the first pass was there at every
//! moment until it came last, and such a list is proved by its first pass. A row that comes into a list otherwise breaks
//! this: one that a user is allowed to see from now on, or that is restored under its old ID. Where as many others leave
//! it at the same time, and between the same pages, a row may be missing. `plan` asks for it only in lists that rows
//! come into by being added, but for the rights of the user, which nobody can know.
//!
//! # What it rests on
//!
//! - Rows are told apart (an ID is not given to another row, and does not come back after it was deleted).
//! - The number is right. It is believed where two answers agree on it: the `total` of the last page with its place, or
//!   the places of the last pages of two passes. So it is not believed where a page arrived short or empty once, nor
//!   where `total` is smaller than the number of rows. Nor is the place of a last page believed where more rows are
//!   counted than lie before its end: it may lack them.
//! - The first page of a pass is read before all others, the last one behind all others. Where this cannot be said
//!   (a command of the request failed), the moment is not used.
//!
//! # Where rows are counted and not shown
//!
//! Rights may take rows out of a page after it was cut. Their number is not known, so nothing can be counted. Where the
//! method takes conditions on the ID, it is asked for the rows beside those that came: see `beside`. Elsewhere
//! three passes in a row have to be equal, page for page. A row that is missing in all of them would need a hidden row
//! deleted between the same two pages of each pass and another one, on the same page as the one deleted, added before
//! the next pass: a visible row that is added or deleted changes the pages.
//!
//! Rows without an ID are told apart by their content. Equal ones on one page are different rows. Equal ones on
//! different pages may be one row that moved: they are held back until three passes in a row have them at the same
//! places. Nor is anything counted where rows are equal, since one may go and another one come without a trace.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use brimful_protocol::rows::{Identity, Page};

use crate::list::seen::{Sighting, Sightings};

/// So many passes have to be equal, one after the other, where nothing can be counted.
const EQUAL_PASSES: u32 = 3;

/// All readings of a list.
#[derive(Debug, Default)]
pub(super) struct ListReadings {
    passes: Vec<PassRecord>,
    sightings: Sightings,
    /// The highest ID that was given before the first pass, where that tells which rows were there.
    newest: Option<u64>,
    /// Passes in a row that were equal.
    equal: u32,
    /// By their content.
    held: HashMap<u128, PendingDuplicate>,
    /// Rows without an ID came that are equal: where one goes and another one comes, nobody notices.
    are_some_equal: bool,
    /// Pages begin before the end of the one before them in this pass and the later ones.
    overlapping: bool,
}

/// One reading of a list, from its start to its end.
#[derive(Debug, Default)]
struct PassRecord {
    first: Moment,
    last: Moment,
    /// The rows of the last page.
    last_page: HashSet<Identity>,
    /// The rows before the end of the list, by the place of its last page.
    end: u64,
    /// Who says that it ends there; `None` while it is being read.
    ends: Option<EndEvidence>,
    total: Option<u64>,
    /// The fewest and the most rows that a page counted, where the first one was read before all others.
    counts: Option<(u64, u64)>,
    counts_more: Option<u64>,
    rows: u64,
    /// Of the rows, those that came in the pass before too.
    stayed: u64,
    /// Rows with an ID that came more than once.
    twice: u64,
    /// Rows without an ID that came on more than one page.
    repeated: u64,
    /// A page had rows without an ID that are equal.
    equal_on_a_page: bool,
    /// Pages began before the end of the page before them.
    overlapping: bool,
    hasher: DefaultHasher,
}

/// Who says that a list ends behind its last page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndEvidence {
    /// The last page, and it counts as many rows as lie before its end.
    Counted,
    /// The last page by its place.
    ByPlace,
    /// The last page, against the word of the one before it.
    Doubtful,
    /// The last page, and more rows are counted than lie before its end: they are not shown, or it lacks them.
    CountsMore,
}

/// A moment of the portal's time.
#[derive(Debug, Default)]
struct Moment {
    /// How many rows there were at most.
    at_most: Option<u64>,
    /// How many rows are known to have been there.
    known: u64,
}

/// A row without an ID that came on more than one page.
#[derive(Debug)]
struct PendingDuplicate {
    row: Page,
    /// How often it came on another page than those before, in the pass `pass`.
    times: usize,
    pass: usize,
}

/// The last page of a pass.
#[derive(Debug, Clone, Default)]
pub(super) struct LastPage {
    pub(super) rows: Vec<Identity>,
    /// The rows before the end of the list.
    pub(super) end: u64,
    pub(super) total: Option<u64>,
    /// The rows that are counted, by it or by a page before it, where these are more than lie before its end.
    pub(super) counts_more: Option<u64>,
    /// It was read behind all other pages of its pass.
    pub(super) behind_all: bool,
    /// It has no rows, and the page before it said that some follow: they were deleted, or it lies.
    pub(super) is_doubtful: bool,
}

/// What a page brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageTally {
    /// Rows that had not come in this pass.
    pub(super) new_in_pass: usize,
    /// Rows that had come in this pass.
    pub(super) twice: usize,
}

impl ListReadings {
    /// Begins a pass.
    pub(super) fn begin(&mut self) {
        self.passes.push(PassRecord {
            overlapping: self.overlapping,
            ..PassRecord::default()
        });
    }

    /// Notes the highest ID that was given before the first pass.
    pub(super) fn note_newest(&mut self, id: Option<u64>) {
        self.newest = id;
    }

    /// Whether a row was there before the first pass, as its ID says.
    fn was_there(&self, row: Identity) -> bool {
        matches!((row, self.newest), (Identity::Number(id), Some(newest)) if id <= newest)
    }

    /// Passes begun.
    pub(super) fn count(&self) -> usize {
        self.passes.len()
    }

    /// Whether a row came in this pass.
    pub(super) fn has_come(&self, row: Identity) -> bool {
        let now = self.passes.len().saturating_sub(1);
        self.sightings.last_pass(row) == Some(now)
    }

    /// Whether a row came in any pass.
    pub(super) fn has_ever_come(&self, row: Identity) -> bool {
        self.sightings.last_pass(row).is_some()
    }

    /// How many different rows have come in this pass.
    pub(super) fn rows_of_pass(&self) -> u64 {
        self.passes.last().map_or(0, |pass| pass.rows)
    }

    /// The IDs of the rows that came in the first pass, in order, if all rows have IDs that are numbers.
    pub(super) fn ids_of_first_pass(&self) -> Option<Vec<u64>> {
        self.sightings.numbers(0)
    }

    /// Notes that a page begins before the end of the one before it.
    pub(super) fn note_overlap_in_this_pass(&mut self) {
        if let Some(pass) = self.passes.last_mut() {
            pass.overlapping = true;
        }
    }

    /// Notes that pages of this pass and the later ones may begin before the end of the one before them.
    pub(super) fn note_overlap_from_now_on(&mut self) {
        self.overlapping = true;
        self.note_overlap_in_this_pass();
    }

    /// Takes the next page of a pass, and leaves the rows in it that are to be handed out. `first`: it is the first
    /// page, read before all others; `total` is what it counts.
    pub(super) fn take(
        &mut self,
        page: &mut Page,
        identities: &[Identity],
        start: u64,
        total: Option<u64>,
        first: bool,
    ) -> PageTally {
        let Some(now) = self.passes.len().checked_sub(1) else {
            return PageTally {
                new_in_pass: 0,
                twice: 0,
            };
        };
        let pass = &mut self.passes[now];
        (start, total, identities).hash(&mut pass.hasher);
        if first {
            pass.first.at_most = total;
        }
        if let (Some(total), Some(at_first)) = (total, pass.first.at_most) {
            let (fewest, most) = pass.counts.unwrap_or((at_first, at_first));
            pass.counts = Some((fewest.min(total), most.max(total)));
        }
        let mut brought = PageTally {
            new_in_pass: 0,
            twice: 0,
        };
        let mut keep = Vec::with_capacity(identities.len());
        for (at, identity) in identities.iter().enumerate() {
            let sighting = self.sightings.see(*identity, now);
            keep.push(sighting == Sighting::New);
            if let Identity::Content(_) = identity {
                let is_equal = is_equal_to_another(page, at, *identity);
                self.passes[now].equal_on_a_page |= is_equal;
                self.are_some_equal |= is_equal || sighting == Sighting::Twice;
            }
            match sighting {
                Sighting::New => {
                    let was_there = self.was_there(*identity);
                    self.passes[now].rows += 1;
                    self.passes[now].first.known += u64::from(first || was_there);
                    for before in &mut self.passes[..now] {
                        before.first.known += u64::from(was_there);
                        before.last.known += u64::from(was_there);
                    }
                }
                Sighting::Again { last } => {
                    let on_last_page = self.passes[last].last_page.contains(identity);
                    for (at, pass) in self.passes.iter_mut().enumerate().skip(last) {
                        pass.first.known += u64::from(at > last);
                        let counted = at == last && on_last_page;
                        pass.last.known += u64::from(at < now && !counted);
                    }
                    self.passes[now].rows += 1;
                    self.passes[now].stayed += u64::from(last + 1 == now);
                }
                Sighting::Twice => {
                    brought.twice += 1;
                    match identity {
                        Identity::Content(_) => {
                            self.passes[now].repeated += 1;
                            self.hold(page, at, now);
                        }
                        _ => self.passes[now].twice += 1,
                    }
                }
            }
            brought.new_in_pass += usize::from(sighting != Sighting::Twice);
        }
        let mut keep = keep.into_iter();
        page.retain(|_| keep.next().unwrap_or(false));
        brought
    }

    fn hold(&mut self, page: &Page, at: usize, now: usize) {
        let Some(Identity::Content(content)) = page.identities().nth(at) else {
            return;
        };
        let held = self
            .held
            .entry(content)
            .or_insert_with(|| PendingDuplicate {
                row: page
                    .get(at)
                    .map(|row| Page::from_iter([(row.id, row.json.to_owned())]))
                    .unwrap_or_default(),
                times: 0,
                pass: now,
            });
        if held.pass != now {
            (held.pass, held.times) = (now, 0);
        }
        held.times += 1;
    }

    /// Ends a pass with its last page, unless it has ended.
    pub(super) fn finish(&mut self, last: LastPage) {
        let before = self.passes.len().checked_sub(2);
        let hash_before = before.map(|before| self.passes[before].hasher.finish());
        let Some(pass) = self.passes.last_mut() else {
            return;
        };
        if pass.ends.is_some() {
            return;
        }
        pass.end = last.end;
        pass.total = last.total;
        pass.counts_more = last.counts_more;
        pass.ends = Some(match last.total {
            Some(total) if total == last.end => EndEvidence::Counted,
            _ if last.is_doubtful => EndEvidence::Doubtful,
            _ if last.counts_more.is_some() => EndEvidence::CountsMore,
            _ => EndEvidence::ByPlace,
        });
        pass.last_page = last.rows.into_iter().collect();
        pass.last.known += pass.last_page.len() as u64;
        pass.last.at_most = last.behind_all.then_some(last.end);
        let same = hash_before == Some(pass.hasher.finish());
        self.equal = if same { self.equal + 1 } else { 1 };
    }

    /// Whether the passes prove that no row is missing.
    pub(super) fn are_proof(&self) -> bool {
        // A first pass without the newest row, which was seen before it, lacks others too.
        let newest = self.newest.map(Identity::Number);
        let lacks_newest = newest.is_some_and(|newest| self.sightings.last_pass(newest).is_none());
        (self.are_counted() && !(lacks_newest && self.passes.len() == 1)) || self.are_equal()
    }

    /// Whether rows of the last pass have no ID and are equal to one another.
    pub(super) fn has_equal_rows(&self) -> bool {
        let last = self.passes.last();
        last.is_some_and(|pass| pass.equal_on_a_page || pass.repeated > 0)
    }

    /// Whether the first pass was enough, as the portal counts as many rows as came.
    pub(super) fn is_one_pass(&self) -> bool {
        self.passes.len() == 1 && self.are_counted()
    }

    /// Rows that the last pass counted and did not show, where nothing else is known to be missing.
    pub(super) fn hidden(&self) -> u64 {
        let last = self.passes.last().filter(|_| !self.are_counted());
        last.and_then(|pass| {
            let total = pass.total.or(pass.counts_more)?;
            Some(total.saturating_sub(pass.rows + pass.repeated))
        })
        .unwrap_or(0)
    }

    /// Whether as many rows are known to have been there at one moment as the list had then.
    pub(super) fn are_counted(&self) -> bool {
        let is_counted = |at: usize| {
            let pass = self.passes.get(at);
            pass.is_some_and(|pass| pass.ends == Some(EndEvidence::Counted))
        };
        let is_known = |pass: &PassRecord| {
            matches!(pass.ends, Some(EndEvidence::Counted | EndEvidence::ByPlace))
        };
        let ends_like = |one: &PassRecord, other: Option<usize>| {
            let other = other.and_then(|other| self.passes.get(other));
            other.is_some_and(|other| is_known(one) && is_known(other) && one.end == other.end)
        };
        let is_met = |moment: &Moment| moment.at_most == Some(moment.known);
        !self.are_some_equal
            && self.passes.iter().enumerate().any(|(at, pass)| {
                let before = at.checked_sub(1);
                // A count with an upper bound does not show rows above it that are deleted; one that rose has none.
                let is_bounded = pass.counts.is_some_and(|(fewest, most)| {
                    fewest < most && pass.first.at_most == Some(most)
                });
                let first = is_counted(at) && before.is_none_or(is_counted) && !is_bounded;
                let last =
                    is_counted(at) || ends_like(pass, before) || ends_like(pass, Some(at + 1));
                (first && is_met(&pass.first)) || (last && is_met(&pass.last))
            })
    }

    fn are_equal(&self) -> bool {
        let Some(pass) = self.passes.last() else {
            return false;
        };
        // What comes twice has to be told from what moved.
        let doubtful =
            (pass.twice > 0 && !pass.overlapping) || (pass.repeated > 0 && pass.overlapping);
        self.equal >= EQUAL_PASSES && !doubtful
    }

    /// The rows that were held back and are to be handed out, once the passes are proof.
    pub(super) fn release(&mut self) -> Vec<Page> {
        let Some(now) = self.passes.len().checked_sub(1) else {
            return Vec::new();
        };
        if self.are_counted() {
            return Vec::new();
        }
        let mut pages = Vec::new();
        for (content, held) in std::mem::take(&mut self.held) {
            if held.pass != now {
                continue;
            }
            // On one page they are told apart, and handed out as soon as they come.
            let (mut handed_out, mut came) = (0, held.times);
            while let Some(last) = self.sightings.last_pass(nth(content, handed_out)) {
                handed_out += 1;
                came += usize::from(last == now);
            }
            let missing = came.saturating_sub(handed_out);
            pages.extend(std::iter::repeat_n(held.row, missing));
        }
        pages
    }

    /// Where the last passes differ, in words.
    pub(super) fn difference(&self) -> String {
        let [.., before, last] = &*self.passes else {
            return String::new();
        };
        let mut said = Vec::new();
        let mut say = |count: u64, what: &str| {
            if count > 0 {
                said.push(format!("{count} {what}"));
            }
        };
        say(
            last.rows - last.stayed,
            "of its rows are not in the one before",
        );
        say(
            before.rows - last.stayed,
            "rows of the one before are not in it",
        );
        say(last.twice + last.repeated, "rows came in it more than once");
        if let Some(total) = last.total.filter(|total| *total != last.rows) {
            said.push(format!(
                "it has {} rows and the portal counts {total}",
                last.rows
            ));
        }
        if said.is_empty() {
            "their pages begin at different rows".to_owned()
        } else {
            said.join(", ")
        }
    }
}

/// What tells the rows of a page apart; the second of two equal rows without an ID is another one.
pub(super) fn identities(page: &Page) -> Vec<Identity> {
    let mut equal: HashMap<u128, usize> = HashMap::new();
    page.identities()
        .map(|identity| match identity {
            Identity::Content(hash) => {
                let before = equal.entry(hash).or_default();
                *before += 1;
                nth(hash, *before - 1)
            }
            identity => identity,
        })
        .collect()
}

/// The row that comes behind `before` equal ones on its page.
fn nth(content: u128, before: usize) -> Identity {
    // Far apart, so that no other row has the same.
    const STEP: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    Identity::Content(content ^ (before as u128).wrapping_mul(STEP))
}

/// Whether the row at `at` is equal to one before it on its page.
fn is_equal_to_another(page: &Page, at: usize, identity: Identity) -> bool {
    page.identities().nth(at) != Some(identity)
}
