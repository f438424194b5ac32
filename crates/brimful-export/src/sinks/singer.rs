//! Messages of the Singer specification: SCHEMA with the columns, RECORD for each row, STATE from which an interrupted run
//! can be resumed.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::run_state::RunState;
use super::{DecodedRow, FileOptions, RowSink, StoreOptions};
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::{ColumnType, ScalarType, Schema};

/// Rows between two STATE messages, at least. A target stores what it has when it gets one.
const ROWS_A_STATE: u64 = 1_000;

pub(crate) struct SingerSink {
    state: RunState,
    /// The value of the STATE that the run begins with: bookmarks of other streams stay in it.
    earlier: Value,
    /// Messages that are not handed out yet.
    lines: Vec<u8>,
}

impl SingerSink {
    pub(crate) fn new(options: &FileOptions) -> Self {
        let mut sink = Self {
            state: RunState::new(StoreOptions {
                table: options.table.clone(),
                command: options.command.clone(),
                resume: options.resume,
                ..StoreOptions::default()
            }),
            earlier: options.state.clone(),
            lines: Vec::new(),
        };
        let bookmark = &sink.earlier["bookmarks"][&sink.state.table];
        let number = |name: &str| bookmark[name].as_u64();
        if sink.state.may_resume
            && bookmark["command"] == Value::String(sink.state.command.clone())
            && let (Some(rows), Some(last_id)) = (number("rows"), number("last_id"))
        {
            sink.state.resumed = Some((rows, last_id));
        }
        sink
    }

    fn message(&mut self, message: &Value) -> Result<(), ExportError> {
        serde_json::to_writer(&mut self.lines, message)?;
        self.lines.push(b'\n');
        Ok(())
    }

    /// How far the run is. A list that is complete has a bookmark without an ID: the next run reads it from the start.
    fn state_message(&mut self, finished: bool) -> Result<(), ExportError> {
        let last_id = self.state.last_id().filter(|_| !finished);
        let bookmark =
            json!({"command": self.state.command, "rows": self.state.rows(), "last_id": last_id});
        if !self.earlier.is_object() {
            self.earlier = json!({});
        }
        if !self.earlier["bookmarks"].is_object() {
            self.earlier["bookmarks"] = json!({});
        }
        self.earlier["bookmarks"][&self.state.table] = bookmark;
        let message = json!({"type": "STATE", "value": self.earlier});
        self.state.commit();
        self.message(&message)
    }
}

/// The JSON schema of a column.
fn json_schema(kind: ColumnType, title: Option<&str>) -> Value {
    let mut schema = match kind {
        ColumnType::Scalar(kind) => scalar_schema(kind),
        ColumnType::Any => scalar_schema(ScalarType::Text),
        ColumnType::List(kind) => json!({"type": ["null", "array"], "items": scalar_schema(kind)}),
        ColumnType::Multifield => {
            let text = || scalar_schema(ScalarType::Text);
            json!({"type": ["null", "array"], "items": {"type": "object", "properties": {
                "ID": scalar_schema(ScalarType::Int64), "VALUE": text(), "VALUE_TYPE": text(), "TYPE_ID": text()}}})
        }
    };
    if let Some(title) = title {
        schema["title"] = json!(title);
    }
    schema
}

fn scalar_schema(kind: ScalarType) -> Value {
    match kind {
        ScalarType::Int64 => json!({"type": ["null", "integer"]}),
        // A number of JSON would be a floating-point number in most targets.
        ScalarType::Decimal => json!({"type": ["null", "string"], "format": "singer.decimal"}),
        ScalarType::Float64 => json!({"type": ["null", "number"]}),
        ScalarType::Boolean => json!({"type": ["null", "boolean"]}),
        ScalarType::Date => json!({"type": ["null", "string"], "format": "date"}),
        ScalarType::DateTime => json!({"type": ["null", "string"], "format": "date-time"}),
        ScalarType::Text => json!({"type": ["null", "string"]}),
    }
}

impl RowSink for SingerSink {
    fn begin(&mut self, schema: &Schema, _misfits: &mut Misfits) -> Result<(), ExportError> {
        let columns = schema.columns.iter();
        let properties: Map<String, Value> = columns
            .map(|column| {
                let kind = json_schema(column.kind, column.title.as_deref());
                (column.name.clone(), kind)
            })
            .collect();
        let key: Vec<&str> = schema
            .key
            .map(|key| schema.columns[key].name.as_str())
            .into_iter()
            .collect();
        let message = json!({
            "type": "SCHEMA",
            "stream": self.state.table,
            "schema": {"type": "object", "properties": properties},
            "key_properties": key,
        });
        self.message(&message)
    }

    fn takes_new_columns(&self) -> bool {
        true
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        _: &mut Misfits,
    ) -> Result<(), ExportError> {
        let cells = schema.columns.iter().zip(row.cells);
        let record: Map<String, Value> = cells
            .map(|(column, cell)| (column.name.clone(), cell.to_json()))
            .collect();
        let message = json!({"type": "RECORD", "stream": self.state.table, "record": record});
        self.state.take(row.key(schema));
        self.message(&message)
    }

    fn end_page(&mut self, _: &mut Misfits, out: &mut Vec<u8>) -> Result<(), ExportError> {
        // A list out of the order of its IDs has no point to go on from.
        if self.state.is_due(ROWS_A_STATE) && self.state.last_id().is_some() {
            self.state_message(false)?;
        }
        out.append(&mut self.lines);
        Ok(())
    }

    fn finish(&mut self, _: &mut Misfits, out: &mut dyn Write) -> Result<(), ExportError> {
        self.state_message(true)?;
        out.write_all(&self.lines)?;
        self.lines.clear();
        Ok(())
    }

    fn leave(&mut self, _: &mut Misfits, out: &mut dyn Write) -> Result<(), ExportError> {
        if self.state.last_id().is_some() {
            self.state_message(false)?;
        }
        out.write_all(&self.lines)?;
        self.lines.clear();
        Ok(())
    }

    fn resumed(&self) -> Option<(u64, u64)> {
        self.state.resumed
    }
}
