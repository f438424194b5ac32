//! The command line of `brimful tasks`: what can be said about tasks.

use std::str::FromStr;

use brimful::tasks::{
    Direction, Field, Moment, MomentError, OrderBy, Priority, RestVersion, Status, SubStatus, Zone,
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use crate::args::portal::PortalOption;
use crate::args::{DeadlineOption, RateOption, whole_number};
use crate::commands::resume::ResumeArg;
use crate::output::Destination;

const DATES: &str = "\
Dates:
  2026-12-01T18:00:00+03:00  a moment
  2026-12-01T18:00, 2026-12-01  what the portal's clock shows, a date being its midnight: the portal is asked
                              for its time, and the offset that it has today is taken; --zone says another one
  The moment is sent with its offset, so that nobody has to guess. --…-from takes the moment in, --…-before
  leaves it out: --deadline-from 2026-11-01 --deadline-before 2026-12-01 is November.";

/// List, show and add tasks
#[derive(Debug, Args)]
pub(crate) struct TasksArgs {
    #[command(subcommand)]
    pub(crate) command: TasksCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TasksCommand {
    List(Box<TaskListArgs>),
    Get(TaskGetArgs),
    Add(TaskAddArgs),
}

/// List tasks: as a table on a terminal, as JSON Lines in a pipe or a file
///
/// All conditions hold together; of several values with commas between them one does, but a task has all of its --tag. Rows
/// have the fields that are selected, as the older REST writes them, whichever REST they came by.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful tasks list --portal demo --responsible 1 --status in-progress --deadline-before 2026-12-01
  brimful tasks list --member 1 --status overdue --order deadline --top 20
  brimful tasks list --select TITLE,DEADLINE,TAGS,UF_CRM_TASK --changed-from 2026-11-01 -o tasks.jsonl
  brimful tasks list -o - | jq .title

Status:
  pending, in-progress, awaiting-control, completed, deferred, declined are what is stored with a task;
  overdue, unseen, due-soon follow from the clock and from who asks.

{DATES}"))]
pub(crate) struct TaskListArgs {
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    /// Write the rows to this file; - is standard output. Without it a terminal shows a table, of the columns that it has
    /// room for unless --select names them
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<Destination>,
    /// The fields of the rows, with commas between them; * is all, UF_* all user fields; the ID is always among them
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) select: Vec<Field>,
    /// Sort by this field, with :desc in descending order; by ID if not given
    #[arg(long, value_name = "FIELD[:desc]", value_delimiter = ',')]
    pub(crate) order: Vec<OrderArg>,
    /// Stop after so many tasks
    #[arg(long, value_name = "N", value_parser = whole_number)]
    pub(crate) top: Option<u64>,
    /// Resume an interrupted run of the same command behind its last row
    #[arg(long, value_name = "WHEN", value_enum, num_args = 0..=1, default_missing_value = "auto", requires = "output")]
    pub(crate) resume: Option<ResumeArg>,

    /// Call this REST: 3 where it has what is asked for and the portal offers it, 2 otherwise
    #[arg(long, value_enum, default_value_t = RestArg::Auto)]
    pub(crate) rest: RestArg,
    #[command(flatten)]
    pub(crate) limit: RateOption,
    #[command(flatten)]
    pub(crate) deadline: DeadlineOption,
    // Last, because options behind it would stand under its heading.
    #[command(flatten)]
    pub(crate) filter: TaskFilterArgs,
}

/// Which tasks are listed: all of these conditions hold.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filter")]
pub(crate) struct TaskFilterArgs {
    /// Tasks of these responsible users
    #[arg(long, value_name = "USERS", value_delimiter = ',', value_parser = user)]
    pub(crate) responsible: Vec<u64>,
    /// Tasks that these users created
    #[arg(long, value_name = "USERS", value_delimiter = ',', value_parser = user)]
    pub(crate) creator: Vec<u64>,
    /// Tasks with these accomplices
    #[arg(long, value_name = "USERS", value_delimiter = ',', value_parser = user)]
    pub(crate) accomplice: Vec<u64>,
    /// Tasks with these auditors
    #[arg(long, value_name = "USERS", value_delimiter = ',', value_parser = user)]
    pub(crate) auditor: Vec<u64>,
    /// Tasks with these users in any role
    #[arg(long, value_name = "USERS", value_delimiter = ',', value_parser = user)]
    pub(crate) member: Vec<u64>,
    /// Tasks with these users as responsible or accomplice
    #[arg(long, value_name = "USERS", value_delimiter = ',', value_parser = user)]
    pub(crate) doer: Vec<u64>,
    /// Tasks with one of these statuses, see below
    #[arg(long, value_name = "STATUSES", value_delimiter = ',')]
    pub(crate) status: Vec<StatusArg>,
    /// The priority: low, average, high
    #[arg(long, value_name = "PRIORITIES", value_delimiter = ',')]
    pub(crate) priority: Vec<Priority>,
    /// The project; 0 is none
    #[arg(long, value_name = "PROJECTS", value_delimiter = ',', value_parser = whole_number)]
    pub(crate) group: Vec<u64>,
    /// The parent task
    #[arg(long, value_name = "TASKS", value_delimiter = ',', value_parser = whole_number)]
    pub(crate) parent: Vec<u64>,
    /// Tasks with this tag; repeat it for several
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// A text in the title
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Tasks of this CRM element: D_7 is deal 7, C_2 contact 2
    #[arg(long, value_name = "ELEMENT", value_parser = element)]
    pub(crate) crm: Option<String>,
    /// The value of a user field
    #[arg(long, value_name = "UF_NAME=VALUE", value_parser = user_field)]
    pub(crate) user_field: Vec<(Field, Value)>,
    /// Favourite tasks of the calling user
    #[arg(long)]
    pub(crate) favorite: bool,
    /// Tasks without a deadline
    #[arg(long, conflicts_with_all = ["deadline_from", "deadline_before"])]
    pub(crate) no_deadline: bool,
    /// Tasks with an ID above this one
    #[arg(long, value_name = "ID", value_parser = whole_number)]
    pub(crate) after: Option<u64>,

    /// Tasks that are due at this moment or later
    #[arg(long, value_name = "DATE")]
    pub(crate) deadline_from: Option<DateArg>,
    /// Tasks that are due before this moment
    #[arg(long, value_name = "DATE")]
    pub(crate) deadline_before: Option<DateArg>,
    /// Tasks that were created at this moment or later
    #[arg(long, value_name = "DATE")]
    pub(crate) created_from: Option<DateArg>,
    /// Tasks that were created before this moment
    #[arg(long, value_name = "DATE")]
    pub(crate) created_before: Option<DateArg>,
    /// Tasks that were changed at this moment or later
    #[arg(long, value_name = "DATE")]
    pub(crate) changed_from: Option<DateArg>,
    /// Tasks that were changed before this moment
    #[arg(long, value_name = "DATE")]
    pub(crate) changed_before: Option<DateArg>,
    /// Tasks that were closed at this moment or later
    #[arg(long, value_name = "DATE")]
    pub(crate) closed_from: Option<DateArg>,
    /// Tasks that were closed before this moment
    #[arg(long, value_name = "DATE")]
    pub(crate) closed_before: Option<DateArg>,
    /// The zone of dates that name none; that of the portal's clock if not said
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub(crate) zone: Option<Zone>,
}

/// Show tasks by their IDs: laid out on a terminal, as JSON Lines in a pipe
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful tasks get 434
  brimful tasks get 434 435 436 | jq .title")]
pub(crate) struct TaskGetArgs {
    /// The tasks
    #[arg(required = true, value_name = "ID")]
    pub(crate) tasks: Vec<u64>,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    /// The fields, with commas between them; all, with user fields and tags, if not said
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) select: Vec<Field>,
}

/// Add a task and print its ID
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful tasks add --title 'Call Ann' --responsible 5 --deadline 2026-12-01T18:00
  brimful tasks add --title Report --responsible 1 --priority high --tag q4 --user-field UF_AUTO_101=north

{DATES}"))]
pub(crate) struct TaskAddArgs {
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    /// The title
    #[arg(long)]
    pub(crate) title: String,
    /// The responsible user
    #[arg(long, value_name = "USER", value_parser = user)]
    pub(crate) responsible: u64,
    /// The description
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// The deadline
    #[arg(long, value_name = "DATE")]
    pub(crate) deadline: Option<DateArg>,
    /// The priority: low, average, high
    #[arg(long)]
    pub(crate) priority: Option<Priority>,
    /// The project
    #[arg(long, value_name = "PROJECT")]
    pub(crate) group: Option<u64>,
    /// The parent task
    #[arg(long, value_name = "TASK")]
    pub(crate) parent: Option<u64>,
    /// The accomplices
    #[arg(long, value_name = "USERS", value_delimiter = ',', value_parser = user)]
    pub(crate) accomplice: Vec<u64>,
    /// The auditors
    #[arg(long, value_name = "USERS", value_delimiter = ',', value_parser = user)]
    pub(crate) auditor: Vec<u64>,
    /// A tag; repeat it for several
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// The value of a user field
    #[arg(long, value_name = "UF_NAME=VALUE", value_parser = user_field)]
    pub(crate) user_field: Vec<(Field, Value)>,
    /// The zone of a deadline that names none; that of the portal's clock if not said
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub(crate) zone: Option<Zone>,
}

/// By which REST a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RestArg {
    /// By itself
    Auto,
    /// The older REST
    #[value(name = "2")]
    Two,
    /// REST 3.0
    #[value(name = "3")]
    Three,
}

impl RestArg {
    pub(crate) fn wanted(self) -> Option<RestVersion> {
        match self {
            Self::Auto => None,
            Self::Two => Some(RestVersion::Rest2),
            Self::Three => Some(RestVersion::Rest3),
        }
    }
}

/// A moment, or what a clock shows of which nobody has said where it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum DateArg {
    Moment(Moment),
    Local(String),
}

impl FromStr for DateArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = match text.parse() {
            Ok(moment) => Ok(Self::Moment(moment)),
            Err(MomentError::NoZone(text) | MomentError::OnlyDate(text)) => {
                Zone::UTC.at(&text).map(|_| Self::Local(text))
            }
            Err(other) => Err(other),
        };
        read.map_err(|error| {
            let parts: Vec<&str> = text.split('.').collect();
            match parts[..] {
                [day, month, year] if year.len() == 4 => {
                    format!("write the year first: {year}-{month:0>2}-{day:0>2}")
                }
                _ => error.to_string(),
            }
        })
    }
}

/// A status, stored or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusArg {
    Stored(Status),
    ByClock(SubStatus),
}

impl FromStr for StatusArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(stored) = text.parse() {
            return Ok(Self::Stored(stored));
        }
        text.parse().map(Self::ByClock).map_err(|_| {
            "a status is pending, in-progress, awaiting-control, completed, deferred, declined, overdue, unseen or due-soon".to_owned()
        })
    }
}

/// A field to sort by, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrderArg {
    pub(crate) by: OrderBy,
    pub(crate) direction: Direction,
}

impl FromStr for OrderArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, direction) = match text.split_once(':') {
            None => (text, Direction::Ascending),
            Some((name, "asc")) => (name, Direction::Ascending),
            Some((name, "desc")) => (name, Direction::Descending),
            Some((_, other)) => return Err(format!("{other:?} is not a direction: asc or desc")),
        };
        let by = name
            .parse()
            .map_err(|error: brimful::tasks::NotSortable| error.to_string())?;
        Ok(Self { by, direction })
    }
}

fn user(text: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| {
        "a user is given by ID, such as 5; brimful export user.get lists them".to_owned()
    })
}

/// An element of the CRM, as tasks are bound to it.
fn element(text: &str) -> Result<String, String> {
    let text = text.trim();
    let known = ["L", "D", "C", "CO", "Q", "SI", "I", "O"];
    let sound = text.split_once('_').is_some_and(|(kind, id)| {
        // T and a number in hexadecimal digits is a type of one's own: T80 has 128.
        let own = kind.strip_prefix('T').is_some_and(|digits| {
            !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit())
        });
        (own || known.contains(&kind)) && !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())
    });
    if sound {
        return Ok(text.to_owned());
    }
    Err("an element is its kind and its ID, such as D_7: L lead, D deal, C contact, CO company, Q quote, SI invoice, T80 a type of one's own".to_owned())
}

fn user_field(text: &str) -> Result<(Field, Value), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("a user field and a value, such as UF_AUTO_101=north")?;
    let field = Field::user(name).map_err(|error| error.to_string())?;
    let number = value.parse::<i64>().ok();
    let value = number
        .filter(|number| number.to_string() == value)
        .map_or_else(|| Value::from(value), Value::from);
    Ok((field, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_of_the_crm_has_a_kind_and_an_id() {
        for text in ["D_7", "CO_12", "T80_5", " L_1"] {
            assert!(element(text).is_ok(), "{text}");
        }
        for text in ["X_1", "D_abc", "D7", "D_", "deal_7"] {
            assert!(element(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_date_says_its_zone_or_leaves_it_to_a_clock() {
        assert!(matches!(
            "2026-12-01T00:00:00+03:00".parse(),
            Ok(DateArg::Moment(_))
        ));
        for local in ["2026-12-01", "2026-12-01T10:00", "2026-12-01 10:00:30"] {
            assert_eq!(
                local.parse::<DateArg>().unwrap(),
                DateArg::Local(local.to_owned())
            );
        }
        for text in ["tomorrow", "2026-13-01", "01.12.2026"] {
            assert!(text.parse::<DateArg>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_status_is_stored_or_follows_from_the_clock() {
        assert_eq!(
            "in-progress".parse(),
            Ok(StatusArg::Stored(Status::InProgress))
        );
        assert_eq!(
            "overdue".parse(),
            Ok(StatusArg::ByClock(SubStatus::Overdue))
        );
        assert!("done".parse::<StatusArg>().is_err());
    }

    #[test]
    fn an_order_is_a_field_and_a_direction() {
        let order: OrderArg = "deadline:desc".parse().unwrap();
        assert_eq!(
            (order.by, order.direction),
            (OrderBy::Deadline, Direction::Descending)
        );
        assert!("description".parse::<OrderArg>().is_err());
        assert!("deadline:down".parse::<OrderArg>().is_err());
    }
}
