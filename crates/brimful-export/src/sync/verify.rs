//! Holds the tables of a store against the portal: counts, IDs, and rows by sample.

use std::collections::HashSet;

use brimful::{Client, Fields, Page};
use serde_json::Value;

use super::entities::{ChangeCursor, SyncEntity};
use super::in_thread::blocking;
use super::parents::{Parents, children_of};
use super::portal;
use super::row_id::{CompactId, compact_row_id, row_id, text_of};
use super::sql::SqlStore;
use super::state::{Cursor, PortalTime};
use super::status::check_is_there;
use super::table::{SyncTable, TableAccess};
use super::{SyncError, SyncRun};
use crate::schema::{ColumnType, Plan, ScalarType};
use crate::sinks::{DELETED_AT, Dialect, StoreOptions};
use crate::store::Store;
use crate::writer::RowWriter;

/// Records whose rows are asked for at once.
const IDS_AT_ONCE: usize = 500;

/// A row that the store has otherwise than the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowDifference {
    /// The ID.
    pub id: String,
    /// The columns that differ.
    pub columns: Vec<String>,
    /// Whether the row has changed since the last sync, so that the next one brings it.
    pub changed_since: bool,
    /// Whether all columns that differ are of fields whose changes the portal dates by nothing: no sync of changes finds
    /// them.
    pub is_undated: bool,
}

impl RowDifference {
    /// Whether it is known why the row differs.
    pub fn is_explained(&self) -> bool {
        self.changed_since || self.is_undated
    }
}

/// Why rows that are gone from the portal are live in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GoneBecause {
    /// The last sync has compared the IDs: they have gone since.
    #[default]
    LastSync,
    /// The last sync was told to leave deleted rows as they are.
    Kept,
    /// The last sync has failed, and with what.
    FailedSync(String),
}

/// What a table has and what the portal has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableVerification {
    /// The table.
    pub table: String,
    /// What is wrong with the files of the table, and what helps; `None` in databases.
    pub trouble: Option<String>,
    /// Live rows in the store.
    pub in_store: u64,
    /// Rows in the portal.
    pub in_portal: u64,
    /// IDs that the store has alone: rows that were deleted, or are hidden from this user. `gone_because` says why they
    /// are still there.
    pub gone: Vec<String>,
    /// Why rows that are gone are still in the store.
    pub gone_because: GoneBecause,
    /// How many of them the portal counts and does not show to this user.
    pub hidden: u64,
    /// Records whose list of rows is refused or not complete. Rows of theirs are not among those that are gone.
    pub records_not_shown: u64,
    /// Rows that are live in the store beyond those that the last sync counted at its end: others have put them there.
    pub added_by_others: u64,
    /// IDs that the portal has alone, and that were added or changed since the last sync.
    pub new: Vec<String>,
    /// IDs that the portal has alone, and the last sync should have brought.
    pub missing: Vec<String>,
    /// How many rows were compared field by field.
    pub compared: u64,
    /// Whether rows say when they were last changed in the portal. Where they don't, a value that somebody has changed in
    /// the store looks like one that was changed in the portal since the last sync.
    pub changes_are_dated: bool,
    /// Those of them that differ.
    pub differing: Vec<RowDifference>,
}

impl TableVerification {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.gone.is_empty()
            && self.records_not_shown == 0
            && self.is_explained()
            && self.new.is_empty()
            && self.differing.is_empty()
    }

    /// Whether all that differs has come about since the last sync.
    pub fn is_explained(&self) -> bool {
        let is_failed = matches!(self.gone_because, GoneBecause::FailedSync(_));
        self.trouble.is_none()
            && self.added_by_others == 0
            && (self.gone.is_empty() || !is_failed)
            && self.missing.is_empty()
            && self.differing.iter().all(RowDifference::is_explained)
    }
}

/// Holds the tables of a run's entities against the portal. So many rows of each, spread over its IDs, are compared field
/// by field.
///
/// # Errors
/// The portal does not answer at all. What fails of one entity is in its place of the result.
pub async fn verify(
    run: &SyncRun,
    sample: usize,
) -> Result<Vec<(String, Result<TableVerification, SyncError>)>, SyncError> {
    let store = run.store.clone();
    blocking(move || check_is_there(&store)).await?;
    let described = portal::describe_all(&run.client, &run.entities).await?;
    let mut results = Vec::new();
    for (place, entity) in run.entities.iter().enumerate() {
        let result = match described.of(place) {
            Ok(fields) => verify_entity(run, entity, fields, sample).await,
            Err(error) => Err(error),
        };
        results.push((entity.name.clone(), result));
    }
    Ok(results)
}

/// What a table has, and how far it is.
struct StoredTable {
    verification: TableVerification,
    /// Ascending.
    ids: Vec<CompactId>,
    /// Rows as pairs of their record and their ID, where they are listed for one record at a time.
    children: Vec<(u64, u64)>,
    /// Records whose rows the next sync reads, whatever has changed.
    unread: Vec<u64>,
    cursor: Option<Cursor>,
    columns: Vec<String>,
    /// Fields that the portal has never described.
    untyped: Vec<String>,
}

async fn read_table(
    run: &SyncRun,
    entity: &SyncEntity,
    plan: &Plan,
) -> Result<StoredTable, SyncError> {
    let access = TableAccess {
        portal: run.portal.clone(),
        same_portal: run.options.same_portal,
        lock: None,
    };
    let (store, entity, plan) = (run.store.clone(), entity.clone(), plan.clone());
    blocking(move || {
        let table = SyncTable::open(&store, &entity, &access, plan)?;
        stored_table(table, &entity)
    })
    .await
}

fn stored_table(mut table: SyncTable, entity: &SyncEntity) -> Result<StoredTable, SyncError> {
    if table.stored_cursor.is_none() {
        return Err(SyncError::Usage(format!(
            "{} has not been read to its end yet: run brimful sync first",
            entity.name
        )));
    }
    let mut ids: Vec<CompactId> = table.ids()?;
    ids.sort_unstable();
    let children = match &entity.parents {
        Some(parents) => table.children(parents.field())?,
        None => Vec::new(),
    };
    let state = table.state;
    let counted = (state.is_settled && state.failed.is_none()).then_some(state.rows);
    let gone_because = match state.failed {
        Some((error, _)) => GoneBecause::FailedSync(error),
        None if state.keeps_deleted => GoneBecause::Kept,
        None => GoneBecause::LastSync,
    };
    let verification = TableVerification {
        table: entity.table.clone(),
        in_store: ids.len() as u64,
        added_by_others: counted.map_or(0, |counted| (ids.len() as u64).saturating_sub(counted)),
        gone_because,
        changes_are_dated: matches!(entity.cursor, ChangeCursor::Time { .. }),
        trouble: table.trouble.text(),
        ..TableVerification::default()
    };
    Ok(StoredTable {
        verification,
        ids,
        children,
        unread: state.unread,
        cursor: table.stored_cursor,
        columns: state.columns,
        untyped: state.untyped,
    })
}

async fn verify_entity(
    run: &SyncRun,
    entity: &SyncEntity,
    fields: Fields,
    sample: usize,
) -> Result<TableVerification, SyncError> {
    let plan = Plan {
        fields,
        waits_for_new_fields: true,
        ..Plan::of_list(&entity.method)
    };
    let stored = read_table(run, entity, &plan).await?;
    let mut verification = stored.verification;
    let children = match &entity.parents {
        Some(parents) => Some(all_children(&run.client, entity, parents, stored.cursor).await?),
        None => None,
    };
    let (mut theirs, hidden) = match &children {
        Some(children) => (ids_of(&children.pages, entity), 0),
        None => all_ids(&run.client, entity).await?,
    };
    theirs.sort_unstable();
    verification.hidden = hidden;
    verification.in_portal = theirs.len() as u64;
    let mut not_shown: HashSet<u64> = HashSet::new();
    if let Some(children) = &children {
        verification.records_not_shown = children.not_shown.len() as u64;
        let parents = children.not_shown.iter();
        not_shown.extend(parents.flat_map(|parent| children_of(&stored.children, *parent)));
    }
    let may_be_there =
        |id: &CompactId| matches!(id, CompactId::Number(id) if not_shown.contains(id));
    let gone = without(&stored.ids, &theirs).filter(|id| !may_be_there(id));
    verification.gone = gone.map(CompactId::to_string).collect();
    let lacking: Vec<String> = without(&theirs, &stored.ids)
        .map(CompactId::to_string)
        .collect();
    theirs.retain(|id| stored.ids.binary_search(id).is_ok());
    let sampled = spread(&theirs, sample).map(CompactId::to_string);
    let mut wanted: HashSet<String> = sampled.collect();
    verification.compared = wanted.len() as u64;
    wanted.extend(lacking.iter().cloned());
    drop(theirs);
    let (pages, changed_parents) = match children {
        Some(children) => (children.pages, [children.changed, stored.unread].concat()),
        None => (rows_of(&run.client, entity, &wanted).await?, Vec::new()),
    };
    let since = changed_rows(&pages, entity, stored.cursor, changed_parents);
    let lacking = lacking.into_iter();
    (verification.new, verification.missing) = lacking.partition(|id| since.contains(id));
    if verification.compared > 0 {
        let columns = (stored.columns, stored.untyped.as_slice());
        verification.differing = row_differences(run, entity, plan, columns, pages, &since).await?;
    }
    Ok(verification)
}

/// The rows of the portal that the store has otherwise. `columns` are those of the table, and its fields that the
/// portal gives no type.
async fn row_differences(
    run: &SyncRun,
    entity: &SyncEntity,
    plan: Plan,
    (columns, untyped): (Vec<String>, &[String]),
    pages: Vec<Page>,
    changed_since: &HashSet<String>,
) -> Result<Vec<RowDifference>, SyncError> {
    // A column of a field that the portal no longer has keeps what it had.
    let described = &plan.fields;
    let is_there = |field: &String| {
        described.is_empty() || described.contains_key(field) || untyped.contains(field)
    };
    let known: Vec<String> = columns.into_iter().filter(is_there).collect();
    // A field that is newer than the last sync has no column yet.
    let fields = plan.fields.iter();
    let fields = fields.filter(|(name, _)| known.contains(name));
    let fields = fields.map(|(name, field)| (name.clone(), field.clone()));
    let plan = Plan {
        fields: fields.collect(),
        known: known.clone(),
        ..plan
    };
    let (store, of_store) = (run.store.clone(), entity.clone());
    let found = blocking(move || differing(&store, &of_store, plan, &pages)).await?;
    let found = found.into_iter().map(|(id, columns)| RowDifference {
        changed_since: changed_since.contains(&id),
        is_undated: columns.iter().all(|column| entity.is_undated(column)),
        id,
        columns,
    });
    Ok(found.collect())
}

/// Those that are not among others, both ascending.
fn without<'a>(
    ids: &'a [CompactId],
    others: &'a [CompactId],
) -> impl Iterator<Item = &'a CompactId> {
    ids.iter().filter(|id| others.binary_search(id).is_err())
}

/// So many of all, spread evenly.
fn spread<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let taken = most.min(all.len());
    (0..taken).filter_map(move |place| all.get(place * all.len() / taken))
}

/// The IDs of the rows that have changed since the last sync, or whose record has.
fn changed_rows(
    pages: &[Page],
    entity: &SyncEntity,
    cursor: Option<Cursor>,
    changed_parents: Vec<u64>,
) -> HashSet<String> {
    let changed_parents: HashSet<u64> = changed_parents.into_iter().collect();
    let rows = pages.iter().flat_map(Page::iter);
    let changed = rows.filter(|row| match &entity.parents {
        Some(parents) => has_parent_in(row.json, parents.field(), &changed_parents),
        None => has_changed_since(row.json, entity, cursor),
    });
    changed
        .filter_map(|row| row_id(&row, entity.id_field()))
        .collect()
}

/// The IDs of the whole list, and how many rows the portal counts and does not show.
async fn all_ids(client: &Client, entity: &SyncEntity) -> Result<(Vec<CompactId>, u64), SyncError> {
    let mut pages = client
        .list(&entity.method)
        .params(entity.id_params(&[]))
        .pages()?;
    let mut ids = Vec::new();
    while let Some(page) = pages.next_page().await? {
        ids.extend(
            page.iter()
                .filter_map(|row| compact_row_id(&row, entity.id_field())),
        );
    }
    let hidden = pages.report().map_or(0, |report| report.hidden);
    Ok((ids, hidden))
}

/// The rows of all records, where they are listed for one record at a time.
struct AllChildren {
    pages: Vec<Page>,
    /// Records whose list was refused or not complete.
    not_shown: Vec<u64>,
    /// Records that have changed since the cursor.
    changed: Vec<u64>,
}

async fn all_children(
    client: &Client,
    entity: &SyncEntity,
    parents: &Parents,
    cursor: Option<Cursor>,
) -> Result<AllChildren, SyncError> {
    let ids = portal::parents_changed_since(client, parents, None, 0).await?;
    let mut all = AllChildren {
        pages: Vec::new(),
        not_shown: Vec::new(),
        changed: Vec::new(),
    };
    for chunk in ids.chunks(IDS_AT_ONCE) {
        let shown = portal::rows_of_parents(client, entity, parents, chunk).await?;
        all.not_shown.extend(shown.incomplete);
        all.not_shown.extend(shown.refused);
        if let Some(refusal) = shown.refusal.filter(|_| all.not_shown.len() == ids.len()) {
            return Err(refusal.into());
        }
        all.pages.push(shown.rows.into_page().0);
    }
    all.changed = match cursor {
        Some(Cursor::Time(time)) => {
            portal::parents_changed_since(client, parents, Some(time), 0).await?
        }
        _ => ids,
    };
    Ok(all)
}

/// Whether a row belongs to one of these records.
fn has_parent_in(row: &str, field: &str, parents: &HashSet<u64>) -> bool {
    let row = serde_json::from_str::<Value>(row).ok();
    let parent = row.and_then(|row| text_of(row.get(field)?)?.parse().ok());
    parent.is_some_and(|parent| parents.contains(&parent))
}

/// The IDs of the rows of pages.
fn ids_of(pages: &[Page], entity: &SyncEntity) -> Vec<CompactId> {
    let rows = pages.iter().flat_map(Page::iter);
    rows.filter_map(|row| compact_row_id(&row, entity.id_field()))
        .collect()
}

/// The rows with these IDs, and others where the list cannot be asked for them alone.
async fn rows_of(
    client: &Client,
    entity: &SyncEntity,
    ids: &HashSet<String>,
) -> Result<Vec<Page>, SyncError> {
    if entity.keyset().is_some() {
        let ids: Vec<String> = ids.iter().cloned().collect();
        return portal::rows_by_ids(client, entity, &ids).await;
    }
    let mut found = Vec::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let params = entity.params.clone();
    let mut pages = client.list(&entity.method).params(params).pages()?;
    while let Some(page) = pages.next_page().await? {
        found.push(page);
    }
    Ok(found)
}

/// Whether a row was changed after the last sync had begun.
fn has_changed_since(row: &str, entity: &SyncEntity, cursor: Option<Cursor>) -> bool {
    let field = match entity.cursor {
        ChangeCursor::Time { row, .. } => row,
        // When such rows changed is not known; what is new of them has a higher ID.
        ChangeCursor::Id | ChangeCursor::Full | ChangeCursor::Parents => {
            return matches!(cursor, Some(Cursor::Full(_)));
        }
    };
    let Some(Cursor::Time(cursor)) = cursor else {
        return true;
    };
    let Ok(row) = serde_json::from_str::<Value>(row) else {
        return false;
    };
    let fields = std::iter::once(field).chain(entity.activity_field());
    let mut times = fields.filter_map(|field| PortalTime::parse(&text_of(row.get(field)?)?));
    times.any(|time| time.unix() >= cursor.unix())
}

/// The names of the columns that have moments.
fn moment_columns(writer: &RowWriter) -> HashSet<String> {
    let columns = writer
        .schema()
        .into_iter()
        .flat_map(|schema| &schema.columns);
    let moments = columns.filter(|column| column.kind == ColumnType::Scalar(ScalarType::DateTime));
    moments.map(|column| column.name.clone()).collect()
}

/// The query that gives the ID of each live row that differs from the one in the other table, and for each column
/// whether it differs.
fn comparison(
    dialect: Dialect,
    entity: &SyncEntity,
    columns: &[String],
    moments: &HashSet<String>,
    scratch_table: &str,
) -> String {
    let key = dialect.quoted(entity.id_field());
    let flags = columns.iter().map(|column| {
        let name = dialect.quoted(column);
        let (table, scratch) = (format!("t.{name}"), format!("s.{name}"));
        if moments.contains(column) {
            dialect.moments_differ(&table, &scratch)
        } else {
            dialect.differ(&table, &scratch)
        }
    });
    let flags: Vec<String> = flags.collect();
    let numbers = flags
        .iter()
        .map(|flag| format!("CASE WHEN {flag} THEN 1 ELSE 0 END"));
    let numbers: Vec<String> = numbers.collect();
    format!(
        "SELECT s.{key}, {} FROM {scratch_table} s JOIN {} t ON t.{key} = s.{key} WHERE t.{DELETED_AT} IS NULL AND ({}) \
         ORDER BY s.{key}",
        numbers.join(", "),
        dialect.quoted(&entity.table),
        flags.join(" OR ")
    )
}

/// Writes rows into a table beside the one of the entity, as an export does, and has the store compare the two.
fn differing(
    store: &Store,
    entity: &SyncEntity,
    plan: Plan,
    pages: &[Page],
) -> Result<Vec<(String, Vec<String>)>, SyncError> {
    #[cfg(feature = "parquet")]
    if let Store::Dataset { place, .. } = store {
        return super::dataset::differing(store, place, entity, plan, pages);
    }
    #[cfg(feature = "clickhouse")]
    if let Store::Clickhouse(url) = store {
        return super::clickhouse::differing(url, store, entity, plan, pages);
    }
    let scratch = format!("_brimful_verify_{}", entity.table);
    let options = StoreOptions {
        table: scratch.clone(),
        ..StoreOptions::default()
    };
    let mut writer = store.open_to_compare(options, plan)?;
    let mut sql = SqlStore::of(&mut writer)?;
    let dialect = sql.dialect;
    let scratch_table = dialect.quoted(&scratch);
    let drop_table = format!("DROP TABLE IF EXISTS {scratch_table}");
    sql.run(&drop_table)?;
    for page in pages {
        writer.write_page(page, &mut Vec::new())?;
    }
    writer.finish(&mut std::io::sink())?;
    let columns = writer.column_names();
    let moments = moment_columns(&writer);
    let mut sql = SqlStore::of(&mut writer)?;
    let query = comparison(dialect, entity, &columns, &moments, &scratch_table);
    let found = sql.rows(&query);
    sql.run(&drop_table)?;
    let of_scratch = format!(
        "{} = {}",
        dialect.quoted("table"),
        dialect.literal(&scratch)
    );
    for table in [super::sql::STATE, super::sql::ERRORS] {
        sql.run(&format!("DELETE FROM {table} WHERE {of_scratch}"))?;
    }
    Ok(found?
        .into_iter()
        .filter_map(|row| {
            let mut values = row.into_iter();
            let id = values.next()??;
            let differing = columns
                .iter()
                .zip(values)
                .filter(|(_, flag)| flag.as_deref() == Some("1"));
            Some((id, differing.map(|(column, _)| column.clone()).collect()))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_as_many_rows_as_were_asked_for() {
        let rows: Vec<u32> = (0..598).collect();
        for (most, taken) in [(500, 500), (598, 598), (5_000, 598), (1, 1), (0, 0)] {
            let sample: HashSet<&u32> = spread(&rows, most).collect();
            assert_eq!(sample.len(), taken, "{most}");
        }
        assert_eq!(spread(&Vec::<u32>::new(), 5).count(), 0);
        let ends: Vec<&u32> = spread(&rows, 2).collect();
        assert_eq!(ends, [&0, &299]);
    }
}
