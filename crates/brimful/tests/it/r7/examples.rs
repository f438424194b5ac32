//! The batches of `examples/r7`.
