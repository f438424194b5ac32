//! Strategies against a modelled portal, by the thousand lists: no network, no clock, requests answered in any order.

mod costs;
mod lanes;
mod misbehaviour;
mod offset;
mod one_by_one;
mod page;
mod windows;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use brimful_protocol::catalogue::{self, Keyset};
use brimful_protocol::rows::{BatchOfLists, Place, read_batch};
use serde_json::{Map, Value, json};

use super::keyset::pages::{Bounds, KeysetPages, Names};
use super::keyset::{KeysetMode, KeysetWalk};
use super::plan::families::holds_all_rows;
use super::strategy::{ListCommand, ReadAhead, Strategy, StrategyError, Ticket, label};

/// A portal that holds IDs and answers pages of them, as an older list or as one of REST 3.0, and misbehaves as told.
struct Model {
    ids: BTreeSet<u64>,
    random: fastrand::Rng,
    /// Rows of a full page.
    page: usize,
    /// Rows that rights take out of a page after it was cut.
    hidden: BTreeSet<u64>,
    counts: Counts,
    ignores: Ignored,
    /// What stands before the IDs of some rows: all whose ID is a multiple of the number.
    prefix: (&'static str, u64),
    /// Pages still to be spoilt, and how likely each one is.
    hiccups: usize,
    hiccup_chance: f64,
    /// Pages still to come empty that would show the newest row.
    newest_empties: usize,
    /// Once a page has come short, its range is answered with nothing twice.
    empties_follow: bool,
    /// Rows that a page has left out. The next page shows them: what is left out twice can't be told from what is hidden.
    left_out: BTreeSet<u64>,
    /// A range that is answered with nothing, and how often.
    empty_range: Option<(u64, u64, usize)>,
    exclusions: Exclusions,
    missing_references: MissingReferences,
    /// The highest ID that was ever given: no portal gives one twice.
    newest: u64,
    /// Rows may wait in so many bytes.
    memory: usize,
    /// Of requests, this share comes to nothing.
    lost: f64,
    commands: usize,
    requests: usize,
}

/// What the portal says when it is asked for the number of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Counts {
    All,
    /// The rows that the user may see.
    Visible,
    Nothing,
    /// No more than so many.
    AtMost(u64),
    /// All, or one more, at random.
    AtRandomOneMore,
}

/// What the method makes of a list of IDs that are not wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Exclusions {
    Taken,
    Ignored,
    Refused,
    /// Nothing meets such a condition.
    MatchNothing,
}

/// What a list makes of a bound that refers to a row which is not there.
#[derive(Debug, Clone, Copy, PartialEq)]
enum MissingReferences {
    /// The number 1, or 0 where the page has no row at all.
    CountAsOne,
    /// Nothing lies above it.
    FindNothing,
}

/// What a method does not take.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ignored {
    Nothing,
    Filter,
    Order { descends: bool },
}

/// What a command asks for.
struct Range {
    above: u64,
    up_to: u64,
    down: bool,
    limit: usize,
    /// Rows before the page.
    place: usize,
    counted: bool,
    excluded: BTreeSet<u64>,
}

impl Model {
    fn new(ids: impl IntoIterator<Item = u64>, seed: u64) -> Self {
        let ids: BTreeSet<u64> = ids.into_iter().collect();
        Self {
            newest: ids.last().copied().unwrap_or(0),
            ids,
            random: fastrand::Rng::with_seed(seed),
            page: 50,
            hidden: BTreeSet::new(),
            counts: Counts::All,
            ignores: Ignored::Nothing,
            prefix: ("", 1),
            hiccups: 0,
            hiccup_chance: 0.0,
            newest_empties: 0,
            empties_follow: false,
            left_out: BTreeSet::new(),
            empty_range: None,
            exclusions: Exclusions::Taken,
            missing_references: MissingReferences::CountAsOne,
            memory: 4_000_000,
            lost: 0.0,
            commands: 0,
            requests: 0,
        }
    }

    /// A list of REST 3.0.
    fn of_rest_3(ids: impl IntoIterator<Item = u64>, seed: u64) -> Self {
        Self {
            page: 1000,
            ..Self::new(ids, seed)
        }
    }

    fn answer(&mut self, commands: &[ListCommand]) -> BatchOfLists {
        self.requests += 1;
        self.commands += commands.len();
        assert!(commands.len() <= 50, "a batch has at most 50 commands");
        let mut pages: Vec<ModelPage> = Vec::new();
        for command in commands {
            let excludes = excluded(&command.params["filter"]).next().is_some();
            let is_exclusion_refused = excludes && self.exclusions == Exclusions::Refused;
            if is_refused(&command.params, &pages) || is_exclusion_refused {
                pages.push(ModelPage {
                    is_refused: true,
                    ..ModelPage::default()
                });
                continue;
            }
            let mut range = range(&command.params, &pages);
            match self.ignores {
                Ignored::Nothing => {}
                Ignored::Filter => (range.above, range.up_to) = (0, u64::MAX - 1),
                Ignored::Order { descends } => range.down = descends,
            }
            match self.exclusions {
                Exclusions::Ignored => range.excluded.clear(),
                Exclusions::MatchNothing if excludes => range.up_to = range.above,
                _ => {}
            }
            if self.missing_references == MissingReferences::FindNothing
                && refers_to_nothing(&command.params, &pages)
            {
                range.up_to = range.above;
            }
            let page = self.page_of(&range);
            pages.push(page);
        }
        batch_of(&pages, self.prefix)
    }

    fn page_of(&mut self, range: &Range) -> ModelPage {
        let ids = self.rows(range);
        let some = range.above < range.up_to;
        let in_range = some.then(|| self.ids.range(range.above + 1..=range.up_to));
        let in_range = in_range.into_iter().flatten();
        let in_range = in_range.filter(|id| !range.excluded.contains(id));
        let total = match self.counts {
            _ if !range.counted => None,
            Counts::Nothing => None,
            Counts::All => Some(in_range.count() as u64),
            Counts::Visible => Some(in_range.filter(|id| !self.hidden.contains(id)).count() as u64),
            Counts::AtMost(most) => Some((in_range.count() as u64).min(most)),
            Counts::AtRandomOneMore => {
                Some(in_range.count() as u64 + u64::from(self.random.bool()))
            }
        };
        let end = (range.place + range.limit.min(self.page)) as u64;
        let mut page = ModelPage {
            ids,
            total,
            next: total.filter(|total| *total > end).map(|_| end),
            is_refused: false,
        };
        self.spoil(&mut page, range);
        page
    }

    /// Lets a page come with fewer rows than it has.
    fn spoil(&mut self, page: &mut ModelPage, range: &Range) {
        let ModelPage { ids, total, .. } = page;
        if let Some((above, up_to, left)) = &mut self.empty_range
            && (*above, *up_to) == (range.above, range.up_to)
            && *left > 0
        {
            *left -= 1;
            ids.clear();
            return;
        }
        let newest = self.ids.iter().rev().find(|id| !self.hidden.contains(id));
        let is_at_end = self.ids.last().is_some_and(|last| *last <= range.up_to);
        let shows_newest = is_at_end && newest.is_some_and(|newest| ids.contains(newest));
        if self.newest_empties > 0 && shows_newest && self.random.bool() {
            self.newest_empties -= 1;
            match self.random.u8(..4) {
                0 => (*ids, *total) = (Vec::new(), total.map(|_| 0)),
                1 => (*ids, *total) = (Vec::new(), None),
                2 => ids.clear(),
                _ => ids.truncate(self.random.usize(..ids.len())),
            }
            if range.down && !ids.is_empty() {
                ids.retain(|id| Some(id) != newest);
            }
            return;
        }
        if self.hiccups == 0 || self.random.f64() >= self.hiccup_chance {
            return;
        }
        if ids.iter().any(|id| self.left_out.contains(id)) {
            return;
        }
        self.hiccups -= 1;
        self.left_out.extend(ids.iter().copied());
        let rows = ids.len();
        match self.random.u8(..6) {
            0 => (*ids, *total) = (Vec::new(), total.map(|_| 0)),
            1 => (*ids, *total) = (Vec::new(), None),
            2 => ids.clear(),
            3 => {
                let share = self.random.f64();
                ids.retain(|_| self.random.f64() < share);
            }
            // A few rows are missing.
            4 => {
                for _ in 0..self.random.usize(1..4).min(rows) {
                    ids.remove(self.random.usize(..ids.len()));
                }
            }
            // Rows at the beginning of the page are missing.
            _ => {
                ids.drain(..self.random.usize(..=rows));
            }
        }
        if self.empties_follow && !ids.is_empty() && ids.len() < rows {
            self.empty_range = Some((range.above, range.up_to, 2));
        }
    }

    fn rows(&self, range: &Range) -> Vec<u64> {
        if range.above >= range.up_to {
            return Vec::new();
        }
        let found = self.ids.range(range.above + 1..=range.up_to).copied();
        let found = found.filter(|id| !range.excluded.contains(id));
        let limit = range.limit.min(self.page);
        let page: Vec<u64> = if range.down {
            found.rev().skip(range.place).take(limit).collect()
        } else {
            found.skip(range.place).take(limit).collect()
        };
        page.into_iter()
            .filter(|id| !self.hidden.contains(id))
            .collect()
    }
}

/// A page as the model answers it.
#[derive(Debug, Clone, Default)]
struct ModelPage {
    ids: Vec<u64>,
    total: Option<u64>,
    next: Option<u64>,
    is_refused: bool,
}

impl From<Vec<u64>> for ModelPage {
    fn from(ids: Vec<u64>) -> Self {
        Self {
            ids,
            ..Self::default()
        }
    }
}

/// A batch reply with these pages.
fn batch(pages: &[ModelPage]) -> BatchOfLists {
    batch_of(pages, ("", 1))
}

fn batch_of(pages: &[ModelPage], (prefix, of): (&str, u64)) -> BatchOfLists {
    let mut body = String::from(r#"{"result":{"result":{"#);
    let mut comma = "";
    for (place, page) in pages
        .iter()
        .enumerate()
        .filter(|(_, page)| !page.is_refused)
    {
        write!(body, r#"{comma}"p{place}":["#).unwrap();
        for (i, id) in page.ids.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let prefix = if id.is_multiple_of(of) { prefix } else { "" };
            write!(body, r#"{comma}{{"ID":"{prefix}{id}"}}"#).unwrap();
        }
        body.push(']');
        comma = ",";
    }
    body.push_str(r#"},"result_error":{"#);
    comma = "";
    for (place, _) in pages.iter().enumerate().filter(|(_, page)| page.is_refused) {
        write!(
            body,
            r#"{comma}"p{place}":{{"error":"INVALID_ARG_VALUE","error_description":"Invalid filter"}}"#
        )
        .unwrap();
        comma = ",";
    }
    body.push_str(r#"},"result_total":{"#);
    comma = "";
    for (place, page) in pages.iter().enumerate() {
        if let Some(total) = page.total {
            write!(body, r#"{comma}"p{place}":{total}"#).unwrap();
            comma = ",";
        }
    }
    body.push_str(r#"},"result_next":{"#);
    comma = "";
    for (place, page) in pages.iter().enumerate() {
        if let Some(next) = page.next {
            write!(body, r#"{comma}"p{place}":{next}"#).unwrap();
            comma = ",";
        }
    }
    body.push_str("}}}");
    let labels: Vec<String> = (0..pages.len()).map(label).collect();
    let place = Place {
        key: None,
        id: Some("ID"),
    };
    read_batch(&body.into(), &labels, place).unwrap()
}

fn range(params: &Value, pages: &[ModelPage]) -> Range {
    let filter = &params["filter"];
    if params["pagination"].is_null() {
        let id = if params["order"]["id"].is_null() {
            "ID"
        } else {
            "id"
        };
        let bound = |operator: &str| match &filter[format!("{operator}{id}")] {
            Value::Null => 0,
            Value::Number(n) => n.as_u64().unwrap(),
            Value::String(reference) => dereference(reference, pages),
            other => panic!("{other} is no ID"),
        };
        return Range {
            above: bound(">").max(bound(">=").saturating_sub(1)),
            up_to: filter[format!("<={id}")].as_u64().unwrap_or(u64::MAX - 1),
            down: params["order"][id] == "DESC",
            limit: 50,
            place: params["start"].as_u64().unwrap_or(0) as usize,
            counted: params["start"].as_u64().is_some(),
            excluded: excluded(filter).map(|id| id.as_u64().unwrap()).collect(),
        };
    }
    let bound = |operator: &str| {
        let mut triples = filter.as_array().into_iter().flatten();
        let triple = triples.find(|triple| triple[1] == operator);
        triple.map(|triple| triple[2].as_u64().unwrap())
    };
    Range {
        above: bound(">").unwrap_or(0),
        up_to: bound("<=").unwrap_or(u64::MAX - 1),
        down: params["order"]["id"] == "DESC",
        limit: params["pagination"]["limit"].as_u64().unwrap() as usize,
        place: 0,
        counted: false,
        excluded: BTreeSet::new(),
    }
}

/// The IDs that a filter excludes. Tasks spell that in their own way.
fn excluded(filter: &Value) -> impl Iterator<Item = &Value> {
    let spellings = ["!@ID", "!@id", "!ID"];
    let lists = spellings.map(|spelling| filter[spelling].as_array());
    lists.into_iter().flatten().flatten()
}

/// What a legacy list makes of `$result[pN][I][ID]`: where the page is too short, the page itself, cast to 1 or 0.
fn dereference(reference: &str, pages: &[ModelPage]) -> u64 {
    let ids = &pages[place_and_row(reference).0].ids;
    row_of(reference, pages).unwrap_or(u64::from(!ids.is_empty()))
}

fn row_of(reference: &str, pages: &[ModelPage]) -> Option<u64> {
    let (page, row) = place_and_row(reference);
    pages[page].ids.get(row).copied()
}

/// The page and the row of `$result[pN][I][ID]`, `$result[pN][items][I][id]` and the like.
fn place_and_row(reference: &str) -> (usize, usize) {
    let mut steps = reference
        .strip_prefix("$result[p")
        .and_then(|steps| steps.strip_suffix("]"))
        .unwrap()
        .split("][")
        .filter(|step| step.parse::<usize>().is_ok());
    let mut number = || steps.next().unwrap().parse().unwrap();
    (number(), number())
}

/// Whether the portal refuses a command: a list whose rows are `items` takes no reference to a row that is not there.
fn is_refused(params: &Value, pages: &[ModelPage]) -> bool {
    missing_references(params, pages).any(|reference| reference.contains("[items]"))
}

fn refers_to_nothing(params: &Value, pages: &[ModelPage]) -> bool {
    missing_references(params, pages).next().is_some()
}

/// The references of a command to rows that are not there.
fn missing_references<'a>(
    params: &'a Value,
    pages: &'a [ModelPage],
) -> impl Iterator<Item = &'a str> {
    let filter = params["filter"].as_object();
    let bounds = filter.into_iter().flatten();
    let references = bounds.filter_map(|(_, bound)| bound.as_str());
    references.filter(|reference| row_of(reference, pages).is_none())
}

struct Walked {
    ids: Vec<u64>,
    commands: usize,
    requests: usize,
}

/// The pages by ID of a method.
fn pages_of(method: &str, bounds: Bounds) -> KeysetPages {
    let keyset: Keyset = catalogue::find(method).unwrap().keyset.unwrap();
    let pages = KeysetPages::new(keyset, Names::default(), Map::new(), bounds);
    if holds_all_rows(method) {
        pages.of_all_rows()
    } else {
        pages
    }
}

/// Walks the whole list with up to `in_flight` requests of `room` commands, answered in random order; `churn` changes
/// the portal before each answer.
fn walk_with(
    strategy: &mut dyn Strategy,
    room: usize,
    model: &mut Model,
    in_flight: usize,
    mut churn: impl FnMut(&mut Model),
) -> Result<Walked, StrategyError> {
    let mut flights: Vec<(Ticket, Vec<ListCommand>)> = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..10_000 {
        while let Some(page) = strategy.pop() {
            assert!(!page.is_empty(), "a page without rows is handed out");
            ids.extend(page.ids().map(Option::unwrap));
            assert_eq!(strategy.reached(), ids.last().copied());
        }
        if strategy.is_done() {
            assert_eq!(strategy.buffered(), 0);
            return Ok(Walked {
                ids,
                commands: model.commands,
                requests: model.requests,
            });
        }
        while flights.len() < in_flight {
            let ahead = if strategy.buffered() < model.memory {
                ReadAhead::Allowed
            } else {
                ReadAhead::Full
            };
            let Some(flight) = strategy.next(room, ahead) else {
                break;
            };
            assert!(flight.1.len() <= room);
            flights.push(flight);
        }
        assert!(
            !flights.is_empty(),
            "nothing in flight and nothing to send, but not done"
        );
        let landed = if model.random.bool() {
            0
        } else {
            model.random.usize(..flights.len())
        };
        let (ticket, commands) = flights.remove(landed);
        churn(model);
        if model.random.f64() < model.lost {
            strategy.give_back(ticket);
            continue;
        }
        let answer = model.answer(&commands);
        strategy.accept(ticket, answer.outcomes)?;
    }
    panic!("the walk does not end");
}

fn quiet(_: &mut Model) {}

/// The seeds of random histories: `BRIMFUL_TEST_SEED` is added to each, for histories that no test has drawn before.
fn seeds(seeds: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let first = std::env::var("BRIMFUL_TEST_SEED").ok();
    let first: u64 = first.map_or(0, |first| first.parse().expect("a number"));
    seeds.start + first..seeds.end + first
}

fn sparse(rows: usize, density: f64, seed: u64) -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(seed);
    (1..)
        .filter(|_| random.f64() < density)
        .take(rows)
        .collect()
}

/// Dense stretches of a few hundred to a few thousand IDs, with gaps up to a hundred times as long between them.
fn clustered(rows: usize, seed: u64) -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut ids = Vec::new();
    let mut id = 1;
    while ids.len() < rows {
        for _ in 0..random.usize(200..4000) {
            ids.push(id);
            id += random.u64(1..=2);
        }
        id += random.u64(1..100_000);
    }
    ids.truncate(rows);
    ids
}

/// IDs in stretches `(gap before, rows, widest step)`.
fn stretched(stretches: Vec<(u64, usize, u64)>, random: &mut fastrand::Rng) -> Vec<u64> {
    let mut ids = Vec::new();
    let mut id = 0;
    for (gap, rows, step) in stretches {
        id += gap;
        for _ in 0..rows {
            ids.push(id);
            id += random.u64(1..=step);
        }
    }
    ids.retain(|id| *id > 0);
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Rows come and go: new ones above all others, old ones anywhere; what goes is taken out of `lasting`.
fn change(model: &mut Model, changes: usize, highest: u64, lasting: &mut BTreeSet<u64>) {
    for _ in 0..changes {
        if model.random.bool() {
            model.newest = model.newest.max(model.ids.last().copied().unwrap_or(0));
            model.newest += model.random.u64(1..20);
            model.ids.insert(model.newest);
        } else {
            let from = model.random.u64(..=highest);
            if let Some(&gone) = model.ids.range(from..).next() {
                model.ids.remove(&gone);
                lasting.remove(&gone);
            }
        }
    }
}

/// Whether every row that was there throughout came, each once and in order.
fn is_exact(came: &[u64], lasting: &BTreeSet<u64>) -> Result<(), String> {
    if !came.windows(2).all(|w| w[0] < w[1]) {
        return Err("not in order, each once".to_owned());
    }
    let came: BTreeSet<u64> = came.iter().copied().collect();
    let missing: Vec<&u64> = lasting.difference(&came).take(5).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("missing {missing:?}"))
    }
}

#[test]
fn the_model_answers_both_kinds_of_lists() {
    let model = Model::new(1..=60, 1);
    let older = json!({"filter": {">ID": 5, "<=ID": 8}, "order": {"ID": "ASC"}, "start": -1});
    let rest_3 = json!({"filter": [["id", ">", 5], ["id", "<=", 8]], "order": {"id": "DESC"}, "pagination": {"limit": 2}});
    assert_eq!(model.rows(&range(&older, &[])), [6, 7, 8]);
    assert_eq!(model.rows(&range(&rest_3, &[])), [8, 7]);
}
