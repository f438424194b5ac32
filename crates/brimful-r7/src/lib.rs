//! A client of R7-Office (the API of the ONLYOFFICE Community Server, `/api/2.0/…`): single requests, batches whose
//! items may depend on each other, and whole lists.
//!
//! ```no_run
//! use brimful_r7::{Client, Credential, Item, reply_of};
//!
//! # async fn example() -> Result<(), brimful::Error> {
//! let client = Client::builder("https://office.example.com")
//!     .credential(Credential::password("anna", "secret"))
//!     .build()?;
//! let replies = client
//!     .batch()
//!     .item(Item::get("people/@self").name("me"))
//!     .item(
//!         Item::post("people/{userid}/contacts")
//!             .name("skype")
//!             .path("userid", reply_of("me").pointer("/response/id"))
//!             .form(serde_json::json!({"contacts": [{"Type": "skype", "Value": "anna.p"}]})),
//!     )
//!     .send()
//!     .await?;
//! println!("{}", replies.reply("skype")?.status());
//!
//! let mut people = client.list("people/filter").fields(["id", "displayName"]).pages()?;
//! while let Some(page) = people.next_page().await? {
//!     for row in page.iter() {
//!         println!("{}", row.json);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What is decided where: `window` says when a request may be sent; `session` retries by the same rules as for Bitrix24;
//! `batch/plan` says which items of a batch go together; `pages` says which pages of a list are requested.

mod address;
mod batch;
#[cfg(feature = "blocking")]
pub mod blocking;
mod client;
mod credential;
mod item;
mod list;
mod outcome;
mod pages;
mod reply;
mod session;
mod window;

pub use batch::{Batch, BatchRecorder, BatchReply};
pub use brimful_r7_protocol as protocol;
pub use brimful_r7_protocol::{Moment, RateLimit};
pub use client::{Client, ClientBuilder};
pub use credential::Credential;
pub use item::{Item, ItemValue, Pointer, ReplyOf, reply_of};
pub use list::{Filter, List};
pub use pages::{ListReport, Pages};
pub use reply::Reply;
