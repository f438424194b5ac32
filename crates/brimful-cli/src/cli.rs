//! The whole command line, and which command runs.

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};

use crate::args::EXIT_CODES;
use crate::commands;
use crate::commands::batch::BatchArgs;
use crate::commands::call::CallArgs;
use crate::commands::completions::CompletionsArgs;
use crate::commands::export::ExportArgs;
use crate::commands::fields::FieldsArgs;
use crate::commands::get::GetArgs;
#[cfg(feature = "sync")]
use crate::commands::init::InitArgs;
use crate::commands::limits::LimitsArgs;
use crate::commands::login::LoginArgs;
use crate::commands::logout::LogoutArgs;
use crate::commands::methods::MethodsArgs;
use crate::commands::portal::PortalArgs;
#[cfg(feature = "sync")]
use crate::commands::status::StatusArgs;
#[cfg(feature = "sync")]
use crate::commands::sync::SyncArgs;
use crate::commands::tasks::TasksArgs;
#[cfg(feature = "sync")]
use crate::commands::verify::VerifyArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{LogFormat, Printer};
#[cfg(feature = "r7")]
use crate::r7_args::R7Args;

const ENVIRONMENT: &str = "\
Environment:
  BRIMFUL_PORTAL         the portal, where --portal is not given
  BRIMFUL_CLIENT_ID      the application of a login, where --client-id is not given
  BRIMFUL_CLIENT_SECRET  its secret
  BRIMFUL_LOG            a filter of the log, such as brimful=debug
  NO_COLOR               messages without colour";

/// Takes whole lists out of Bitrix24, exactly as fast as the portal allows.
///
/// Nothing is lost and nothing comes twice, even while others change the list, and the end says what happened.
#[derive(Debug, Parser)]
#[command(name = "brimful", version, propagate_version = false, after_help = format!("{EXIT_CODES}\n\n{ENVIRONMENT}"))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command knows.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Say nothing but errors
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Messages"
    )]
    pub(crate) quiet: bool,
    /// Log what is done, and what lies behind an error; -vv logs more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Messages")]
    pub(crate) verbose: u8,
    /// Write messages and progress to standard error in this format
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        help_heading = "Messages"
    )]
    pub(crate) log: LogFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Export(ExportArgs),
    #[cfg(feature = "sync")]
    Sync(Box<SyncArgs>),
    #[cfg(feature = "sync")]
    Init(InitArgs),
    #[cfg(feature = "sync")]
    Status(StatusArgs),
    #[cfg(feature = "sync")]
    Verify(VerifyArgs),
    Get(GetArgs),
    Call(CallArgs),
    Batch(BatchArgs),
    Fields(FieldsArgs),
    Methods(MethodsArgs),
    Limits(LimitsArgs),
    Login(LoginArgs),
    Logout(LogoutArgs),
    Portal(Box<PortalArgs>),
    Tasks(Box<TasksArgs>),
    #[cfg(feature = "r7")]
    R7(R7Args),
    Completions(CompletionsArgs),
}

impl Command {
    /// The word for it on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Export(_) => "export",
            #[cfg(feature = "sync")]
            Self::Sync(_) => "sync",
            #[cfg(feature = "sync")]
            Self::Init(_) => "init",
            #[cfg(feature = "sync")]
            Self::Status(_) => "status",
            #[cfg(feature = "sync")]
            Self::Verify(_) => "verify",
            Self::Get(_) => "get",
            Self::Call(_) => "call",
            Self::Batch(_) => "batch",
            Self::Fields(_) => "fields",
            Self::Methods(_) => "methods",
            Self::Limits(_) => "limits",
            Self::Login(_) => "login",
            Self::Logout(_) => "logout",
            Self::Portal(_) => "portal",
            Self::Tasks(_) => "tasks",
            #[cfg(feature = "r7")]
            Self::R7(_) => "r7",
            Self::Completions(_) => "completions",
        }
    }
}

/// Runs the command that the command line names.
pub(crate) async fn run(command: Command, printer: Printer) -> Result<Exit, Failure> {
    match command {
        Command::Export(args) => commands::export::run(&args, printer).await,
        #[cfg(feature = "sync")]
        Command::Sync(args) => commands::sync::run(&args, printer).await,
        #[cfg(feature = "sync")]
        Command::Init(args) => commands::init::run(&args, printer).await,
        #[cfg(feature = "sync")]
        Command::Status(args) => commands::status::run(&args, printer).await,
        #[cfg(feature = "sync")]
        Command::Verify(args) => commands::verify::run(&args, printer).await,
        Command::Get(args) => commands::get::run(&args, printer).await,
        Command::Call(args) => commands::call::run(&args, printer).await,
        Command::Batch(args) => commands::batch::run(&args, printer).await,
        Command::Fields(args) => commands::fields::run(&args, printer).await,
        Command::Methods(args) => commands::methods::run(&args, printer).await,
        Command::Limits(args) => commands::limits::run(&args, printer).await,
        Command::Login(args) => commands::login::run(&args, printer).await,
        Command::Logout(args) => commands::logout::run(&args, printer),
        Command::Portal(args) => commands::portal::run(&args, printer).await,
        Command::Tasks(args) => commands::tasks::run(&args, printer).await,
        #[cfg(feature = "r7")]
        Command::R7(args) => commands::r7::run(&args, printer).await,
        Command::Completions(args) => commands::completions::run(&args, Cli::command(), printer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
