//! The documentation of `BX.rest`, program by program.

pub mod all_leads;
pub mod call_batch;
pub mod call_method;
pub mod deals;
pub mod errors;
pub mod kept_leads;
pub mod lead_with_contact;
pub mod lead_with_related;
pub mod leads;
pub mod with_retry;
