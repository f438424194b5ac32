//! The page on `batch` in the documentation of Bitrix24, and what its readers ask and show there.

pub mod budget_of_another_deal;
pub mod by_address;
pub mod comments;
pub mod contact_by_phone;
pub mod department;
pub mod four_commands;
pub mod items_of_deal;
pub mod numbered;
pub mod related_item;
pub mod three_pages;
