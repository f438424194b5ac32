//! The program as its users meet it: what it prints, what it writes, and how it ends.

mod bad_input;
mod call;
mod export;
mod help;
mod portal;
mod secrets;
mod support;
