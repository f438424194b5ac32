//! A Bitrix24 portal emulator.

#[allow(dead_code)]
mod list;
mod method;
#[allow(dead_code)]
mod methods;
#[allow(dead_code)]
mod state;
