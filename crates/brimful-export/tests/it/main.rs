//! What every format and store promises.

mod architecture;
mod contract;
