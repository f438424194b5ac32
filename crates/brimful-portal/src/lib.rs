//! A Bitrix24 portal emulator.

mod method;
#[allow(dead_code)]
mod methods;
#[allow(dead_code)]
mod state;
