//! `Idempotency-Key`: a call that changes something is answered a second time without running a second time.
//!
//! A key belongs to one credential, one user and one method. Only replies to calls that succeeded are kept, for 24 hours.
//! Calls with the same key at the same time may both run, and a batch has no key: neither has one on a real portal.

use std::collections::HashMap;
use std::time::Duration;

use brimful_protocol::Array;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use parking_lot::Mutex;

use crate::bodies::envelope;
use crate::bodies::envelope::Format;
use crate::calls::callers::Caller;
use crate::context::limits::Entity;
use crate::context::{MethodError, MethodName};
use crate::methods::rest3::error;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// More replies than this, and those that are too old are dropped.
const MANY: usize = 1024;
const LONGEST: usize = 255;

/// A key, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct IdempotencyKey {
    entity: Entity,
    user: u64,
    method: MethodName,
    key: Vec<u8>,
}

/// The replies that are kept.
#[derive(Debug, Default)]
pub(crate) struct Replays(Mutex<HashMap<IdempotencyKey, KeptReply>>);

#[derive(Debug)]
struct KeptReply {
    params: Array,
    body: Bytes,
    since: Duration,
}

impl IdempotencyKey {
    /// The key of a request, if it has one.
    pub(super) fn of(
        request: &Request<Bytes>,
        caller: &Caller,
        method: &MethodName,
    ) -> Result<Option<Self>, MethodError> {
        let Some(value) = request.headers().get(KEY) else {
            return Ok(None);
        };
        let key = value.as_bytes();
        let printable = key.iter().all(|byte| (b' '..=b'~').contains(byte));
        if key.is_empty() || key.len() > LONGEST || !printable {
            return Err(error::invalid_key());
        }
        Ok(Some(Self {
            entity: caller.entity.clone(),
            user: caller.user,
            method: method.clone(),
            key: key.to_vec(),
        }))
    }

    /// Says in a response that the key was seen.
    pub(super) fn confirm(&self, response: &mut Response<Bytes>) {
        if let Ok(value) = HeaderValue::from_bytes(&self.key) {
            response.headers_mut().insert(KEY, value);
        }
    }

    /// The reply that was kept.
    pub(super) fn replayed(&self, body: Bytes) -> Response<Bytes> {
        let mut response = envelope::body(Format::Json, StatusCode::OK, body.into());
        self.confirm(&mut response);
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

impl Replays {
    /// The reply to the same call; an error if the key belongs to another.
    pub(super) fn find(
        &self,
        key: &IdempotencyKey,
        params: &Array,
        now: Duration,
    ) -> Result<Option<Bytes>, MethodError> {
        let kept = self.0.lock();
        match kept.get(key).filter(|kept| !kept.is_old(now)) {
            None => Ok(None),
            Some(kept) if kept.params == *params => Ok(Some(kept.body.clone())),
            Some(_) => Err(error::key_reused()),
        }
    }

    /// Keeps the reply to a call.
    pub(super) fn keep(&self, key: IdempotencyKey, params: Array, body: Bytes, now: Duration) {
        let mut kept = self.0.lock();
        if kept.len() >= MANY {
            kept.retain(|_, one| !one.is_old(now));
        }
        let since = now;
        kept.insert(
            key,
            KeptReply {
                params,
                body,
                since,
            },
        );
    }
}

impl KeptReply {
    fn is_old(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) >= KEPT
    }
}
