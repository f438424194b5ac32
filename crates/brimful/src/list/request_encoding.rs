//! How commands of a list travel: up to 50 in a batch, of either REST, or each in a request of its own; and how the
//! commands of several lists share a batch.

use std::sync::Arc;

use brimful_protocol::Time;
use brimful_protocol::batch::{MAX_COMMANDS, command};
use brimful_protocol::rows::{
    BatchOfLists, PageOutcome, Place, RowsError, read_batch, read_list, read_lists,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::strategy::{ListCommand, label};
use crate::auth::Api;
use crate::batch_request::{BatchRequest, note_times};
use crate::effect::{self, Effect};
use crate::limits::{Calls, Ledger};
use crate::session::{Call, CallOptions};

/// How commands of a list travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestEncoding {
    /// In a batch: its query strings hold no nulls, no empty lists, and no order of parameters.
    Batch,
    /// In a batch of REST 3.0, whose pages have a thousand rows; a single one in a body of its own. The portal ends such a
    /// batch at the first command that fails, and answers with that error alone.
    Rest3Batch,
    /// Each in a JSON body of its own.
    Single(Api),
}

/// Where the rows are in a reply, for as long as a list takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnedPlace {
    pub(crate) key: Option<String>,
    pub(crate) id: Option<String>,
}

impl OwnedPlace {
    fn as_place(&self) -> Place<'_> {
        Place {
            key: self.key.as_deref(),
            id: self.id.as_deref(),
        }
    }
}

/// The commands of a list in a batch that it shares with other lists.
#[derive(Debug)]
pub(super) struct SharedCommands {
    pub(super) method: String,
    pub(super) commands: Vec<ListCommand>,
    /// Where the first of them is in the batch.
    pub(super) place_in_batch: usize,
    /// Where the rows are in the results.
    pub(super) place: Arc<OwnedPlace>,
}

impl SharedCommands {
    fn labels(&self) -> impl Iterator<Item = String> {
        let first = self.place_in_batch;
        (first..first + self.commands.len()).map(label)
    }
}

/// The batch that carries the commands of several lists.
pub(super) fn shared_call(lists: &[SharedCommands], options: &CallOptions) -> Call {
    let mut request = BatchRequest::new();
    for list in lists {
        for (label, c) in list.labels().zip(&list.commands) {
            request.add(&label, &list.method, command(&list.method, &c.params));
        }
    }
    request.into_call(false, Effect::Read, options)
}

/// Reads what each of the lists is answered. A list whose results are none of a list has an error of its own.
///
/// # Errors
/// No list is answered.
pub(super) fn read_shared(
    body: &Bytes,
    lists: &[SharedCommands],
) -> Result<Vec<Result<BatchOfLists, RowsError>>, RowsError> {
    let read = |list: &SharedCommands| {
        let labels: Vec<String> = list.labels().collect();
        read_batch(body, &labels, list.place.as_place())
    };
    let mut answers: Vec<_> = lists.iter().map(read).collect();
    if answers.iter().all(Result::is_err)
        && let Some(Err(error)) = answers.pop()
    {
        return Err(error);
    }
    Ok(answers)
}

impl RequestEncoding {
    /// Commands that a request holds at the most.
    pub(crate) fn most(self) -> usize {
        match self {
            Self::Batch | Self::Rest3Batch => MAX_COMMANDS,
            Self::Single(_) => 1,
        }
    }

    /// Rows that a command is answered with at the most, as far as the size of replies goes.
    pub(crate) fn rows_of_a_command(self) -> f64 {
        match self {
            Self::Rest3Batch => 1000.0,
            Self::Batch | Self::Single(_) => 50.0,
        }
    }

    /// The encoding that such commands have in a request, of which it holds so many.
    fn of(self, commands: usize) -> Self {
        match self {
            Self::Rest3Batch if commands <= 1 => Self::Single(Api::Rest3),
            other => other,
        }
    }

    /// What a request of so many commands may be charged for: the commands, the batch around them, or both.
    pub(crate) fn charges(self, method: &str, commands: usize) -> Calls {
        Self::charges_of(self.of(commands), method, commands)
    }

    fn charges_of(encoding: Self, method: &str, commands: usize) -> Calls {
        let own = (method.into(), commands as u32);
        match encoding {
            Self::Batch | Self::Rest3Batch => Arc::new([("batch".into(), 1), own]),
            Self::Single(_) => Arc::new([own]),
        }
    }

    /// The request that carries these commands, and in a batch one of another method with its label.
    pub(crate) fn call(
        self,
        method: &str,
        commands: &[ListCommand],
        beside: Option<(&str, String)>,
        options: &CallOptions,
    ) -> Call {
        let effect = effect::of(method);
        match self.of(commands.len()) {
            Self::Rest3Batch => {
                let calls: Vec<Value> = commands
                    .iter()
                    .map(|c| json!({"method": method, "query": c.params}))
                    .collect();
                Call {
                    api: Api::Rest3,
                    subject: method.to_owned(),
                    charges: self.charges(method, commands.len()),
                    can_be_split: true,
                    ..Call::new("batch", effect, Value::Array(calls).to_string(), options)
                }
            }
            Self::Batch => {
                let mut request = BatchRequest::new();
                for (place, c) in commands.iter().enumerate() {
                    request.add(&label(place), method, command(method, &c.params));
                }
                if let Some((label, command)) = beside {
                    request.add_uncharged(label, command);
                }
                Call {
                    subject: method.to_owned(),
                    // The other method's command is not asked for again alone.
                    can_be_split: commands.len() > 1,
                    ..request.into_call(false, effect, options)
                }
            }
            Self::Single(api) => {
                let params = commands.first().map_or(&Value::Null, |c| &c.params);
                Call {
                    api,
                    ..Call::new(method, effect, params.to_string(), options)
                }
            }
        }
    }

    /// Tells the ledger what a reply to so many commands says of operating time.
    pub(crate) fn note_times(
        self,
        ledger: &Ledger,
        method: &str,
        commands: usize,
        batch: &BatchOfLists,
    ) {
        let of_batch = match self.of(commands) {
            Self::Batch | Self::Rest3Batch => batch.time.as_ref(),
            Self::Single(_) => None,
        };
        // The latest command that reports its operating time says the most, and refused ones cost nothing.
        let told = |time: &&Time| time.operating.is_some();
        let latest = batch.times.iter().rev().flatten().find(told);
        let is_page = |outcome: &&PageOutcome| matches!(outcome, PageOutcome::Page { .. });
        let ran = batch.outcomes.iter().filter(is_page).count();
        let charged = Self::charges_of(self.of(commands), method, ran);
        note_times(
            ledger,
            &charged,
            of_batch,
            latest.map(|time| (method, time)),
        );
    }

    /// Reads the reply to so many commands.
    pub(crate) fn read(
        self,
        body: &Bytes,
        commands: usize,
        place: &OwnedPlace,
    ) -> Result<BatchOfLists, RowsError> {
        match self.of(commands) {
            Self::Rest3Batch => read_lists(body, commands, place.as_place()),
            Self::Batch => {
                let labels: Vec<String> = (0..commands).map(label).collect();
                read_batch(body, &labels, place.as_place())
            }
            Self::Single(_) => {
                let reply = read_list(body, place.as_place())?;
                Ok(BatchOfLists {
                    outcomes: vec![PageOutcome::Page {
                        page: reply.page,
                        next: reply.next,
                        total: reply.total,
                        paging: reply.paging,
                    }],
                    times: vec![reply.time.clone()],
                    time: reply.time,
                })
            }
        }
    }
}
