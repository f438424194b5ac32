//! Tells the caller of a batch what is about to be sent, and the outcomes as they come.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use brimful::{Error, ErrorKind, Execution};

use crate::reply::Reply;

/// Is told what a batch is about to send, and its outcomes as they come, to keep a record that outlives the program: see
/// [`Batch::record_with`](super::Batch::record_with).
pub trait BatchRecorder: Send {
    /// The items with these names are about to be sent. Others may be on their way.
    ///
    /// # Errors
    /// They could not be recorded: they are not sent, nor is any other item.
    fn before_sending(&mut self, names: &[&str]) -> io::Result<()>;

    /// These items have their outcomes; where the answer to their request was lost, an error says that they may have run.
    fn answered(&mut self, items: &[(&str, Result<&Reply, &Error>)]);
}

/// The caller's recorder, if there is one. Once it has failed, nothing is sent any more.
#[derive(Clone, Default)]
pub(super) struct Recording(Option<Arc<Mutex<Recorder>>>);

struct Recorder {
    recorder: Box<dyn BatchRecorder>,
    failed: Option<String>,
}

impl Recording {
    pub(super) fn with(recorder: impl BatchRecorder + 'static) -> Self {
        Self(Some(Arc::new(Mutex::new(Recorder {
            recorder: Box::new(recorder),
            failed: None,
        }))))
    }

    /// # Errors
    /// The items may not be sent.
    pub(super) fn before_sending(&self, names: &[&str]) -> Result<(), Error> {
        let Some(recorder) = &self.0 else {
            return Ok(());
        };
        let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
        if recorder.failed.is_none()
            && let Err(error) = recorder.recorder.before_sending(names)
        {
            recorder.failed = Some(error.to_string());
        }
        match &recorder.failed {
            None => Ok(()),
            Some(why) => Err(Error::new(
                ErrorKind::Io,
                Execution::NotRun,
                format!("not sent: what is about to be sent could not be recorded: {why}"),
            )),
        }
    }

    pub(super) fn answered(&self, items: &[(&str, Result<&Reply, &Error>)]) {
        if let Some(recorder) = &self.0
            && !items.is_empty()
        {
            let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
            recorder.recorder.answered(items);
        }
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Recording"
        } else {
            "NoRecording"
        })
    }
}
