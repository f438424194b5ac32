//! A Bitrix24 portal emulator.

mod method;
mod methods;
mod state;
