//! Buffers of large replies, kept for the next ones: fresh memory of several megabytes costs the system more than
//! reading the reply into it.
//!
//! All clients of a process share them: a hundred clients that have read a list each would otherwise keep a gigabyte.

use std::mem;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Smaller replies are left to the allocator, which is quick for them.
const SMALLEST: usize = 128 * 1024;
/// A buffer of a larger reply is given back: the next ones may be small for good.
const LARGEST: usize = 8 * 1024 * 1024;
/// As many as are between the network and the output while a list is read at full speed.
const MOST: usize = 3;

/// Buffers that no reply is using.
#[derive(Debug, Clone, Default)]
pub(super) struct SpareBuffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// A body, whose buffer becomes a spare one when the last part of it is dropped.
struct Body {
    bytes: Vec<u8>,
    spare: SpareBuffers,
}

/// Those of the process.
static OF_ALL_CLIENTS: LazyLock<SpareBuffers> = LazyLock::new(SpareBuffers::default);

impl SpareBuffers {
    /// Those that all clients of the process use.
    pub(super) fn of_all_clients() -> Self {
        OF_ALL_CLIENTS.clone()
    }

    /// An empty buffer with room for `length` bytes.
    pub(super) fn take(&self, length: usize) -> Vec<u8> {
        if length < SMALLEST {
            return Vec::with_capacity(length);
        }
        match self.all().pop() {
            // A much larger one would make the reply weigh more than the memory that is allowed for replies counts.
            Some(buffer) if (length..=2 * length).contains(&buffer.capacity()) => buffer,
            // The next reply may be a little larger.
            _ => Vec::with_capacity(length + length / 8),
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read, in a buffer that comes back if it is worth it.
    pub(super) fn lend(&self, bytes: Vec<u8>) -> Bytes {
        if !(SMALLEST..=LARGEST).contains(&bytes.capacity()) {
            return bytes.into();
        }
        let spare = self.clone();
        Bytes::from_owner(Body { bytes, spare })
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let mut buffer = mem::take(&mut self.bytes);
        buffer.clear();
        let mut spare = self.spare.all();
        if spare.len() < MOST {
            spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_of_a_large_body_is_used_again_when_its_last_part_is_gone() {
        let spare = SpareBuffers::default();
        let mut buffer = spare.take(SMALLEST);
        buffer.resize(SMALLEST, b'x');
        let place = buffer.as_ptr();
        let body = spare.lend(buffer);
        let part = body.slice(7..9);
        drop(body);
        let other = spare.take(SMALLEST);
        assert_ne!(other.as_ptr(), place);
        assert_eq!(&part[..], b"xx");
        drop(part);
        let again = spare.take(SMALLEST);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn a_buffer_is_not_used_for_a_reply_that_is_much_smaller_than_it() {
        let spare = SpareBuffers::default();
        drop(spare.lend(Vec::with_capacity(9 * SMALLEST)));
        assert!(spare.take(2 * SMALLEST).capacity() <= 4 * SMALLEST);
    }

    #[test]
    fn only_a_few_buffers_are_kept_and_neither_small_nor_huge_ones() {
        let spare = SpareBuffers::default();
        let sizes = [SMALLEST, SMALLEST, SMALLEST, SMALLEST, 10, LARGEST + 1];
        let bodies: Vec<Bytes> = sizes
            .iter()
            .map(|&size| spare.lend(Vec::with_capacity(size)))
            .collect();
        drop(bodies);
        assert_eq!(spare.all().len(), MOST);
        assert!(
            spare
                .all()
                .iter()
                .all(|buffer| buffer.capacity() <= LARGEST)
        );
    }
}
