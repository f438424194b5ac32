//! The README of `fast_bitrix24`, program by program.

pub mod batch_of_two;
pub mod contacts_of_deals;
pub mod deals_at_work;
pub mod one_call;
pub mod raw_calls;
pub mod rename_deals;
pub mod settings;
pub mod sorted;
pub mod tokens;
pub mod what_is_sent;
pub mod whole_list;
pub mod without_async;
