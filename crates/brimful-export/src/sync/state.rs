//! How far an entity is: what the store has for certain, and what is to be read next. Without I/O and without a clock.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::entities::ChangeCursor;

/// How far before its cursor a read begins, in seconds. A portal sets the time of a change when it begins to write, and
/// the row is seen when the write is done: a request lasts at most a minute, and the clocks of a portal's machines differ
/// by seconds. Rows that come twice for it cost a page, and are not written again.
const OVERLAP_SECONDS: i64 = 5 * 60;
/// By how much more than now the portal's clock may have been ahead of this machine's: half of the overlap, as requests
/// take their time too.
const CLOCKS_DIFFER_SECONDS: i64 = OVERLAP_SECONDS / 2;
/// How many IDs before its cursor a read begins, where rows are found by ID: those rows are as many as one request reads.
/// The end of a record is written some time after its beginning.
const OVERLAP_IDS: u64 = 2_500;

/// For how long, in seconds, a cursor waits for rows that have changed and are not shown. A page that comes empty by mistake
/// comes right with the next run, and a right that was lost by mistake is given back within days; what is hidden for good
/// must not have ever more changes read again.
const HIDDEN_CHANGES_SECONDS: i64 = 7 * 24 * 3600;

/// A moment on the portal's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PortalTime {
    /// Unix seconds.
    seconds: i64,
    /// How far the portal's zone is ahead of UTC, in seconds.
    offset: i32,
}

impl PortalTime {
    /// Reads what replies have in `time.date_start`: `2026-11-27T09:30:00+03:00`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let timestamp: Timestamp = text.parse().ok()?;
        let zone = text.get(19..)?;
        let offset = match zone.split_at_checked(1) {
            Some((sign @ ("+" | "-"), rest)) => {
                let (hours, minutes) = rest.split_once(':')?;
                let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
                if sign == "-" { -seconds } else { seconds }
            }
            _ => 0,
        };
        Some(Self {
            seconds: timestamp.as_second(),
            offset,
        })
    }

    /// Unix seconds.
    pub fn unix(self) -> i64 {
        self.seconds
    }

    /// In UTC: `2026-11-27T06:30:00Z`.
    #[cfg(feature = "mysql")]
    pub(crate) fn utc(self) -> String {
        let timestamp = Timestamp::from_second(self.seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        timestamp.to_string()
    }

    fn earlier(self, seconds: i64) -> Self {
        Self {
            seconds: self.seconds.saturating_sub(seconds),
            ..self
        }
    }
}

impl std::fmt::Display for PortalTime {
    /// In the portal's own zone, which it also takes for granted where it passes offsets over.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let timestamp = Timestamp::from_second(self.seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        let offset = Offset::from_seconds(self.offset).unwrap_or(Offset::UTC);
        let civil = offset.to_datetime(timestamp);
        let minutes = self.offset.unsigned_abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        write!(f, "{civil}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// When a run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunTime {
    /// On the portal's clock.
    pub(crate) portal: PortalTime,
    /// How far that was ahead of the clock of this machine, in seconds.
    pub(crate) ahead: i64,
}

/// Up to where changes are in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cursor {
    /// All changes before this time.
    Time(PortalTime),
    /// All rows up to this ID.
    Id(u64),
    /// All rows as they were at this time. The next read is a full one again.
    Full(PortalTime),
}

/// What of an entity is in the store, and when it was loaded: it tells what has no rows from what was not loaded. Times
/// are the portal's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Loaded {
    /// The IDs of the last full read, from and to; `None` where rows have no numbers as IDs, or there were none.
    pub ids: Option<(u64, u64)>,
    /// When the last full read began.
    pub in_full: Option<PortalTime>,
    /// When the last read began that has brought all changes.
    pub changes: Option<PortalTime>,
    /// When the last run began that has found all deleted rows.
    pub deletes: Option<PortalTime>,
}

/// A read that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// Only what has changed since then; everything if `None`.
    pub(crate) since: Option<Cursor>,
    /// The portal's time before the first request.
    pub(crate) started: PortalTime,
    /// The ID up to which rows are stored; that of the record, where rows are listed for one record at a time.
    pub(crate) after: u64,
    /// How far the portal's clock was ahead of that of the machine, in seconds.
    #[serde(default)]
    pub(crate) ahead: Option<i64>,
}

/// How far an entity is. It is kept in the store, and changes in the transaction of the rows that it speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EntityState {
    /// Up to where changes are in the store; `None` before the first full read is done.
    pub(crate) cursor: Option<Cursor>,
    /// How far the portal's clock was ahead of that of the machine when the cursor was taken, in seconds.
    pub(crate) ahead: Option<i64>,
    /// How many times IDs were compared.
    pub(crate) comparisons: u64,
    pub(crate) reading: Option<Reading>,
    /// The fields that the portal had when they were last asked for.
    pub(crate) fields: Vec<String>,
    /// The fields that the table has columns of, as the portal spells them.
    pub(crate) columns: Vec<String>,
    /// Fields that rows had and the portal did not describe when the last run began.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) undescribed: Vec<String>,
    /// Fields that the portal has left undescribed for longer than a run: the table has their values without a type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) untyped: Vec<String>,
    /// A fingerprint of the titles that the columns were described with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) titles: Option<u64>,
    /// Rows that were live at the end of the last run.
    pub(crate) rows: u64,
    /// Whether a run has ended since the last one began: only then the rows are as many as it counted.
    pub(crate) is_settled: bool,
    /// Whether the last run left deleted rows as they are.
    pub(crate) keeps_deleted: bool,
    /// When the last run of this entity was without an error, on the portal's clock.
    pub(crate) succeeded: Option<PortalTime>,
    /// What the last run of this entity failed with, and when.
    pub(crate) failed: Option<(String, PortalTime)>,
    /// Records whose rows are read again with the next run, although the cursor has passed them: their list was refused,
    /// broke off, or lacked rows of the table and was not read a second time. None is left out, however many there are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unread: Vec<u64>,
    /// The record up to which rows were read again in turn, although nothing says that they have changed.
    pub(crate) reread_up_to: u64,
    /// The record up to which it was asked, in turn, whether records are still there.
    pub(crate) asked_up_to: u64,
    /// What was loaded, and when.
    pub(crate) loaded: Loaded,
}

impl EntityState {
    /// Begins a read, or continues the one that was interrupted. `by_id` says whether its rows come in the order of their
    /// IDs: only then can it be continued.
    pub(crate) fn begin_read(&mut self, kind: ChangeCursor, now: RunTime, by_id: bool) -> Reading {
        let was_ahead = |time: PortalTime| {
            // Where both clocks were wrong by as much then as now, nothing is wrong with the cursor.
            let against_machine = self.ahead.map(|then| then.saturating_sub(now.ahead));
            time.earlier(OVERLAP_SECONDS) > now.portal
                || against_machine.is_some_and(|ahead| ahead > CLOCKS_DIFFER_SECONDS)
        };
        let since = match (kind, self.cursor) {
            // Where the clock of the portal was ahead, what has changed since may be of any time before the cursor.
            (ChangeCursor::Time { .. } | ChangeCursor::Parents, Some(Cursor::Time(time))) => {
                (!was_ahead(time)).then(|| Cursor::Time(time.earlier(OVERLAP_SECONDS)))
            }
            (ChangeCursor::Id, Some(Cursor::Id(id))) => {
                Some(Cursor::Id(id.saturating_sub(OVERLAP_IDS)))
            }
            _ => None,
        };
        self.is_settled = false;
        let interrupted = self
            .reading
            .take()
            .filter(|reading| by_id && reading.since == since);
        let reading = interrupted.unwrap_or(Reading {
            since,
            started: now.portal,
            ahead: Some(now.ahead),
            after: match since {
                Some(Cursor::Id(id)) => id,
                _ => 0,
            },
        });
        self.reading = Some(reading.clone());
        reading
    }

    /// The number of the comparison of IDs that begins.
    pub(crate) fn next_comparison(&mut self) -> u64 {
        let turn = self.comparisons;
        self.comparisons = turn.wrapping_add(1);
        turn
    }

    /// Rows up to an ID are stored.
    pub(crate) fn advance(&mut self, last_id: u64) {
        if let Some(reading) = &mut self.reading {
            reading.after = reading.after.max(last_id);
        }
    }

    /// The read is done: what had changed before it began is in the store.
    pub(crate) fn finish_read(&mut self, kind: ChangeCursor, highest_id: u64) {
        let Some(reading) = self.reading.take() else {
            return;
        };
        self.ahead = reading.ahead;
        self.cursor = Some(match kind {
            ChangeCursor::Time { .. } | ChangeCursor::Parents => Cursor::Time(reading.started),
            ChangeCursor::Id => Cursor::Id(highest_id.max(reading.after)),
            ChangeCursor::Full => Cursor::Full(reading.started),
        });
    }

    /// The read is done, but for rows that have changed since its cursor, are counted, and are not shown. The cursor stays,
    /// so that the next read asks for them again: nothing else would bring their changes. `false`: the read has no cursor
    /// that could stay, or it has stayed long enough.
    pub(crate) fn finish_read_in_place(&mut self) -> bool {
        let since = self.reading.as_ref().and_then(|reading| reading.since);
        let (Some(Cursor::Time(since)), Some(reading)) = (since, &self.reading) else {
            return false;
        };
        if reading.started.earlier(HIDDEN_CHANGES_SECONDS) > since {
            return false;
        }
        self.reading = None;
        true
    }

    /// The lists of the records `asked`, which ascend, were read; those of the records `unread` have to be read again.
    pub(crate) fn note_lists(&mut self, asked: &[u64], unread: impl IntoIterator<Item = u64>) {
        self.unread
            .retain(|parent| asked.binary_search(parent).is_err());
        self.unread.extend(unread);
        self.unread.sort_unstable();
        self.unread.dedup();
    }

    /// Where a column is gone from the table, as one that was renamed by hand, all rows are read again: those that did not
    /// change have values in it too.
    pub(crate) fn miss_columns(&mut self, is_there: impl Fn(&str) -> bool) {
        if !self.columns.iter().all(|field| is_there(field)) {
            self.read_all_again();
        }
    }

    /// Rows have a field that the portal did not describe when the run began, and its values are not in the table. With
    /// the next run it is a new field, described or not.
    pub(crate) fn note_undescribed(&mut self, name: String) {
        self.fields.retain(|known| *known != name);
        if !self.undescribed.contains(&name) {
            self.undescribed.push(name);
        }
    }

    /// The next read is a full one.
    pub(crate) fn read_all_again(&mut self) {
        self.cursor = None;
        self.reading = None;
    }

    /// Takes in the titles that fields have now, each with the name of its field. Returns whether columns have to be
    /// described by them: one is new or was renamed.
    pub(crate) fn meet_titles<'f>(
        &mut self,
        titles: impl IntoIterator<Item = (&'f str, Option<&'f str>)>,
    ) -> bool {
        let mut titled: Vec<_> = titles
            .into_iter()
            .filter_map(|(name, title)| Some((name, title?)))
            .collect();
        if titled.is_empty() {
            return false;
        }
        titled.sort_unstable();
        let mut fingerprint = DefaultHasher::new();
        titled.hash(&mut fingerprint);
        let fingerprint = Some(fingerprint.finish());
        let has_changed = self.titles != fingerprint;
        self.titles = fingerprint;
        has_changed
    }

    /// Takes in which fields the portal describes now. Where there is a new one, rows that did not change since have
    /// values in it too, so the next read is a full one. A field that rows had and that is not described now either is one
    /// as well. Fields that the portal no longer has stay in the table as they are.
    pub(crate) fn meet_fields<'f>(&mut self, now: impl IntoIterator<Item = &'f str>) {
        let now: Vec<&str> = now.into_iter().collect();
        if !now.is_empty() {
            let is_described = |name: &String| now.contains(&name.as_str());
            let (columns, untyped) = (&self.columns, &mut self.untyped);
            // One that has a column with a type was described once, and is on its way out of the portal.
            let is_new = |name: &String| !is_described(name) && !columns.contains(name);
            untyped.retain(|name| !is_described(name));
            untyped.extend(self.undescribed.drain(..).filter(is_new));
        }
        let untyped = self.untyped.iter().map(String::as_str);
        let is_unknown = |name: &&str| !self.fields.iter().any(|known| known == name);
        let new: Vec<String> = now
            .into_iter()
            .chain(untyped)
            .filter(is_unknown)
            .map(str::to_owned)
            .collect();
        if new.is_empty() {
            return;
        }
        if !self.fields.is_empty() {
            self.read_all_again();
        }
        self.fields.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY_TIME: ChangeCursor = ChangeCursor::Time {
        filter: "DATE_MODIFY",
        row: "DATE_MODIFY",
    };

    fn at(text: &str) -> PortalTime {
        PortalTime::parse(text).unwrap()
    }

    /// A run on a machine whose clock is right.
    fn run_at(text: &str) -> RunTime {
        RunTime {
            portal: at(text),
            ahead: 0,
        }
    }

    #[test]
    fn a_cursor_of_a_clock_that_was_ahead_is_not_believed_when_that_has_been_passed() {
        let mut state = EntityState::default();
        let hours = 3 * 3600;
        let begin = |state: &mut EntityState, text: &str, ahead: i64| {
            let portal = at(text);
            let reading = state.begin_read(BY_TIME, RunTime { portal, ahead }, true);
            state.finish_read(BY_TIME, 7);
            reading.since
        };
        // At six by the right time.
        begin(&mut state, "2026-11-27T09:00:00+03:00", hours);
        assert_eq!(begin(&mut state, "2026-11-27T10:00:00+03:00", 0), None);
        assert!(begin(&mut state, "2026-11-27T11:00:00+03:00", 0).is_some());
        // Another machine, whose clock is wrong, looks like it once; then its clock is put right.
        assert_eq!(begin(&mut state, "2026-11-27T12:00:00+03:00", -hours), None);
        assert!(begin(&mut state, "2026-11-27T13:00:00+03:00", -hours).is_some());
        assert!(begin(&mut state, "2026-11-27T14:00:00+03:00", 0).is_some());
    }

    #[test]
    fn times_keep_the_zone_of_the_portal() {
        for text in [
            "2026-11-27T09:30:00+03:00",
            "2026-03-01T00:00:00-03:30",
            "2026-03-01T00:00:00+00:00",
        ] {
            assert_eq!(at(text).to_string(), text);
        }
        assert_eq!(PortalTime::parse("yesterday"), None);
        assert_eq!(PortalTime::parse("2026-11-27"), None);
    }

    #[test]
    fn the_cursor_is_the_time_before_the_read_and_not_the_one_after_it() {
        let mut state = EntityState::default();
        let reading = state.begin_read(BY_TIME, run_at("2026-11-27T09:00:00+03:00"), true);
        assert_eq!((reading.since, reading.after), (None, 0));
        state.advance(70);
        state.finish_read(BY_TIME, 70);
        let reading = state.begin_read(BY_TIME, run_at("2026-11-27T10:00:00+03:00"), true);
        assert_eq!(
            reading.since,
            Some(Cursor::Time(at("2026-11-27T08:55:00+03:00")))
        );
    }

    #[test]
    fn an_interrupted_read_goes_on_behind_its_last_id_and_keeps_its_beginning() {
        let mut state = EntityState::default();
        state.begin_read(BY_TIME, run_at("2026-11-27T09:00:00+03:00"), true);
        state.advance(70);
        let reading = state.begin_read(BY_TIME, run_at("2026-11-27T12:00:00+03:00"), true);
        assert_eq!(
            (reading.after, reading.started),
            (70, at("2026-11-27T09:00:00+03:00"))
        );
        // What changed between the two runs is found by the next read, not lost.
        state.finish_read(BY_TIME, 100);
        assert_eq!(
            state.cursor,
            Some(Cursor::Time(at("2026-11-27T09:00:00+03:00")))
        );
    }

    #[test]
    fn a_read_whose_rows_have_no_order_begins_again() {
        let mut state = EntityState::default();
        state.begin_read(
            ChangeCursor::Full,
            run_at("2026-11-27T09:00:00+03:00"),
            false,
        );
        state.advance(70);
        let reading = state.begin_read(
            ChangeCursor::Full,
            run_at("2026-11-27T12:00:00+03:00"),
            false,
        );
        assert_eq!(
            (reading.after, reading.started),
            (0, at("2026-11-27T12:00:00+03:00"))
        );
    }

    #[test]
    fn records_found_by_id_are_read_again_for_one_request() {
        let mut state = EntityState::default();
        state.begin_read(ChangeCursor::Id, run_at("2026-11-27T09:00:00+03:00"), true);
        state.finish_read(ChangeCursor::Id, 10_000);
        let reading = state.begin_read(ChangeCursor::Id, run_at("2026-11-27T12:00:00+03:00"), true);
        assert_eq!(reading.after, 7_500);
        // The records behind it were deleted.
        state.finish_read(ChangeCursor::Id, 0);
        assert_eq!(state.cursor, Some(Cursor::Id(7_500)));
    }

    #[test]
    fn a_cursor_waits_a_week_for_changes_that_are_not_shown() {
        let mut state = EntityState::default();
        state.begin_read(BY_TIME, run_at("2026-11-01T09:00:00+03:00"), true);
        // All rows are read, and a cursor has to begin somewhere.
        assert!(!state.finish_read_in_place());
        state.finish_read(BY_TIME, 7);
        let since = |state: &mut EntityState, day: &str| {
            state
                .begin_read(
                    BY_TIME,
                    run_at(&format!("2026-11-{day}T09:00:00+03:00")),
                    true,
                )
                .since
        };
        let first = since(&mut state, "02");
        assert!(state.finish_read_in_place());
        assert_eq!(since(&mut state, "07"), first);
        assert!(state.finish_read_in_place());
        assert_eq!(since(&mut state, "09"), first);
        assert!(!state.finish_read_in_place());
        state.finish_read(BY_TIME, 7);
        assert_ne!(since(&mut state, "10"), first);
    }

    #[test]
    fn a_new_field_has_everything_read_once_more() {
        let mut state = EntityState::default();
        state.meet_fields(["ID", "TITLE"]);
        state.begin_read(BY_TIME, run_at("2026-11-27T09:00:00+03:00"), true);
        state.finish_read(BY_TIME, 7);
        state.meet_fields(["ID"]);
        assert!(state.cursor.is_some());
        state.meet_fields(["ID", "TITLE", "UF_A"]);
        let reading = state.begin_read(BY_TIME, run_at("2026-11-27T10:00:00+03:00"), true);
        assert_eq!((reading.since, reading.after), (None, 0));
        assert_eq!(state.fields, ["ID", "TITLE", "UF_A"]);
    }

    #[test]
    fn a_field_that_the_portal_never_describes_is_taken_by_the_second_run_and_read_in_full_once() {
        let mut state = EntityState::default();
        state.meet_fields(["ID", "UF_OLD"]);
        state.columns = vec!["ID".to_owned(), "UF_OLD".to_owned()];
        state.begin_read(BY_TIME, run_at("2026-11-27T09:00:00+03:00"), true);
        state.note_undescribed("UF_A".to_owned());
        state.finish_read(BY_TIME, 7);
        state.meet_fields(["ID"]);
        assert_eq!(state.untyped, ["UF_A"]);
        assert_eq!(state.cursor, None);
        state.begin_read(BY_TIME, run_at("2026-11-27T10:00:00+03:00"), true);
        // This one has a column with a type.
        state.note_undescribed("UF_OLD".to_owned());
        state.finish_read(BY_TIME, 7);
        state.meet_fields(["ID"]);
        assert_eq!(state.untyped, ["UF_A"]);
        assert!(state.cursor.is_some());
        // It is described again, and its values were not taken meanwhile.
        state.meet_fields(["ID", "UF_A", "UF_OLD"]);
        assert_eq!((state.untyped, state.cursor), (vec![], None));
    }

    #[test]
    fn titles_that_have_changed_are_noticed_once() {
        let mut state = EntityState::default();
        assert!(!state.meet_titles([("TITLE", None)]));
        let first = [("TITLE", Some("Name")), ("ID", None)];
        assert!(state.meet_titles(first));
        assert!(!state.meet_titles([first[1], first[0]]));
        assert!(state.meet_titles([("TITLE", Some("Title"))]));
        assert!(!state.meet_titles([("TITLE", Some("Title"))]));
    }

    #[test]
    fn the_state_is_kept_as_json() {
        let mut state = EntityState::default();
        state.begin_read(BY_TIME, run_at("2026-11-27T09:00:00+03:00"), true);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<EntityState>(&text).unwrap(), state);
        // A later version may have more in it.
        assert_eq!(
            serde_json::from_str::<EntityState>(r#"{"more":1}"#).unwrap(),
            EntityState::default()
        );
    }
}
