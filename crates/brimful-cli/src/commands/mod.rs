//! The commands, one file each.

mod batch;
mod call;
mod completions;
mod connection;
mod each;
mod export;
mod fields;
mod get;
mod limits;
mod login;
mod logout;
mod methods;
mod portal;
#[cfg(feature = "r7")]
mod r7;
mod show;
mod tasks;

use crate::cli::Command;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::printer::Printer;
use connection::connect;

/// Does what the command line says.
pub(crate) async fn run(command: Command, printer: Printer) -> Result<Exit, Failure> {
    match command {
        Command::Export(args) => export::run(&args, printer).await,
        Command::Get(args) => get::run(&args, printer).await,
        Command::Call(args) => call::run(&args, printer).await,
        Command::Batch(args) => batch::run(&args, printer).await,
        Command::Fields(args) => fields::run(&args, printer).await,
        Command::Methods(args) => methods::run(&args, printer).await,
        Command::Limits(args) => limits::run(&args, printer).await,
        Command::Login(args) => login::run(&args, printer).await,
        Command::Logout(args) => logout::run(&args, printer),
        Command::Portal(args) => portal::run(&args, printer).await,
        Command::Tasks(args) => tasks::run(&args, printer).await,
        #[cfg(feature = "r7")]
        Command::R7(args) => r7::run(&args, printer).await,
        Command::Completions(args) => completions::run(&args, printer),
    }
}
