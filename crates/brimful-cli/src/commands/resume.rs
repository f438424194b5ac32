//! Interrupted runs: what they have left, and the command that gets the rest.

use std::ffi::OsString;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use brimful::Client;
use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::args::portal::{PortalArg, PortalOption};
use crate::env_vars;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::input;
use crate::output::atomic::is_special;
use crate::output::content::Content;
use crate::output::partial::{PartialFile, places, target_name};
use crate::output::run_record::{HiddenBefore, RunRecord};
use crate::output::{Destination, Leftover, Output, OutputError, WrittenRows, named_file};
use crate::redact::redact;

/// Whether an export continues what an interrupted run has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResumeArg {
    /// If the same command has left rows; otherwise start from the beginning
    Auto,
    /// Start from the beginning, and drop what is left
    Never,
    /// Refuse to start from the beginning
    Only,
}

/// An export whose output is open.
pub(super) struct Started {
    pub(super) output: Output,
    /// The rows that are there already, and the ID of the last one.
    pub(super) before: Option<(u64, u64)>,
    /// What is known of rows that are counted and not shown before the rows to come.
    pub(super) hidden_before: Option<HiddenBefore>,
    /// What is to be said of it.
    pub(super) note: Option<String>,
}

/// The file that a destination names, unless it is a device or a folder: beside it an interrupted run leaves its rows.
pub(super) fn ordinary_file(destination: &Destination) -> Option<&PathBuf> {
    match destination {
        // A name that is impossible is reported where the file is opened.
        Destination::File(path) if !is_special(path) => {
            Some(path).filter(|path| matches!(named_file(path), Ok(None)) || path.is_file())
        }
        _ => None,
    }
}

/// The portal as the record of a run names it. The emulator of `--portal demo` has another address each time.
pub(super) fn portal_of_record(option: &PortalOption, client: &Client) -> String {
    match option.address() {
        Some(PortalArg::Demo) => "demo".to_owned(),
        _ => client.portal(),
    }
}

/// Opens the file of an export, and continues what the same command has left of it.
pub(super) struct FileRun<'a> {
    pub(super) path: &'a Path,
    /// The list that the rows are of.
    pub(super) list: Value,
    pub(super) mode: Option<ResumeArg>,
    /// Whether the list can be read from an ID on.
    pub(super) by_id: bool,
    /// Whether rows are written as they come: then a partial file without a record can be resumed too.
    pub(super) is_json_lines: bool,
    pub(super) id_field: &'a str,
    /// What the rows are called.
    pub(super) noun: &'a str,
}

/// Begins a run from its first row.
fn start(
    partial: PartialFile,
    record: RunRecord,
    content: Content,
    note: Option<String>,
) -> Result<Started, Failure> {
    Ok(Started {
        output: Output::resumable(partial, WrittenRows::default(), record, content)?,
        before: None,
        hidden_before: None,
        note,
    })
}

impl FileRun<'_> {
    pub(super) fn open(self, content: Content) -> Result<Started, Failure> {
        let (_, place) = places(self.path);
        let found = std::fs::metadata(&place);
        let has_rows = found.is_ok_and(|found| found.is_file() && found.len() > 0);
        if !has_rows && self.mode == Some(ResumeArg::Only) {
            return Err(Failure::usage(format!(
                "there is nothing to resume: no {}",
                target_name(&place)
            ))
            .hint("leave --resume only out"));
        }
        let mut partial = PartialFile::open(self.path, Leftover::Keep)?;
        let name = target_name(partial.path());
        let mut record = RunRecord::new(self.list.clone());
        if !has_rows {
            return start(partial, record, content, None);
        }
        if self.mode == Some(ResumeArg::Never) {
            let rows = counted(read(partial.path())?.rows, self.noun);
            let note =
                format!("starting again: {rows} of an interrupted run in {name} are dropped");
            return start(partial, record, content, Some(note));
        }
        let known = RunRecord::read(partial.path());
        self.check(&name, known.as_ref())?;
        let damage = cut_damage(&mut partial, known.as_ref(), &record)?;
        let kept = read(partial.path())?;
        let (first, last) = (
            id(&kept.first, self.id_field),
            id(&kept.last, self.id_field),
        );
        if let Some(known) = known {
            record = known;
        }
        // A killed run may leave less than the page of which the columns were made.
        let needed = if self.is_json_lines {
            1
        } else {
            record.first_page.max(1)
        };
        if kept.rows < needed && record.first_page > 0 || kept.rows == 0 && damage.is_some() {
            let note = damage.map(|damage| format!("{damage}; starting again"));
            return start(partial, RunRecord::new(self.list), content, note);
        }
        let Some(last_id) = last.filter(|_| first <= last && record.ascending) else {
            let why = if kept.rows == 0 {
                "has no whole row"
            } else {
                "does not have rows in the order of their IDs"
            };
            return Err(
                Failure::usage(format!("{name} {why}, so it cannot be resumed"))
                    .hint(format!("start again: rm {}", format::shell_word(&name))),
            );
        };
        let keep = WrittenRows {
            bytes: kept.bytes,
            first_page: record.first_page.max(1),
            last_id: Some(last_id),
        };
        let hidden_before = record.hidden_before(last_id);
        let output = Output::resumable(partial, keep, record, content)?;
        Ok(Started {
            output,
            before: Some((kept.rows, last_id)),
            hidden_before,
            note: Some(format!(
                "{}resuming after ID {last_id}: {} are in {name}",
                damage.map_or_else(String::new, |damage| format!("{damage}; ")),
                counted(kept.rows, self.noun)
            )),
        })
    }

    /// Refuses to continue rows of another list, or of a list that does not come by ID.
    fn check(&self, name: &str, known: Option<&RunRecord>) -> Result<(), Failure> {
        let again = format!("start again: rm {}", format::shell_word(name));
        match known {
            // Nothing tells which list they are of, so somebody has to say it.
            None if self.mode.is_none() || !self.is_json_lines => {
                return Err(leftover(name));
            }
            Some(known) if known.list != self.list => {
                let method = known.list["method"].as_str().unwrap_or("another list");
                return Err(Failure::failed(format!(
                    "{name} has the rows of another run ({method}, with other parameters or of another portal), and \
                     they are not overwritten"
                ))
                .hint(format!(
                    "write to another file, or drop them: {}",
                    this_command(&["--resume", "never"]).map_or_else(
                        || "--resume never".to_owned(),
                        |(command, _)| command
                    )
                )));
            }
            _ => {}
        }
        if !self.by_id {
            return Err(Failure::usage(format!(
                "{name} has the rows of an interrupted run, and this list cannot be resumed, because it is not read by ID"
            ))
            .hint(again));
        }
        Ok(())
    }
}

/// Cuts a partial file off where it is no longer as the run wrote it, and says so. `fresh` is a record that knows nothing.
fn cut_damage(
    partial: &mut PartialFile,
    known: Option<&RunRecord>,
    fresh: &RunRecord,
) -> Result<Option<String>, Failure> {
    let name = target_name(partial.path());
    let damaged = known.unwrap_or(fresh).damaged_after(partial.path());
    let unreadable = |error| Failure::failed(format!("could not read {name}: {error}"));
    let Some(sound) = damaged.map_err(unreadable)? else {
        return Ok(None);
    };
    partial.end_at(sound)?;
    Ok(Some(format!(
        "{name} is damaged, and only its first {sound} bytes are as they were written"
    )))
}

/// The whole rows of a partial file.
#[derive(Default)]
struct WholeRows {
    rows: u64,
    /// Where the last one ends.
    bytes: u64,
    first: Vec<u8>,
    last: Vec<u8>,
}

fn read(path: &Path) -> Result<WholeRows, Failure> {
    let unreadable =
        |error| Failure::failed(format!("could not read {}: {error}", target_name(path)));
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
    let mut kept = WholeRows::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let bytes = input::read_line(&mut reader, &mut line).map_err(unreadable)?;
        // A killed run may leave half a row.
        if !line.ends_with(b"\n") {
            return Ok(kept);
        }
        kept.rows += 1;
        kept.bytes += bytes as u64;
        if kept.rows == 1 {
            kept.first.clone_from(&line);
        }
        std::mem::swap(&mut kept.last, &mut line);
    }
}

fn id(row: &[u8], field: &str) -> Option<u64> {
    let row: Map<String, Value> = serde_json::from_slice(row).ok()?;
    match row.get(field)? {
        Value::Number(id) => id.as_u64(),
        Value::String(id) => id.parse().ok(),
        _ => None,
    }
}

/// The failure to open an output beside which an interrupted run has left rows: `--resume` gets the rest.
fn leftover(name: &str) -> Failure {
    Failure::from(OutputError::Leftover(name.to_owned())).hint(format!(
        "{}; to start again, remove it: rm {}",
        command_hint(&["--resume"]),
        format::shell_word(name)
    ))
}

/// What to do about the rows beside `path`, where their list cannot be resumed.
pub(super) fn not_by_id_hint(path: &Path) -> String {
    format!(
        "this list cannot be resumed, because it is not read by ID; to start again: rm {}",
        partial_name(path)
    )
}

/// The name of the partial file beside `path`, as a shell takes it.
pub(super) fn partial_name(path: &Path) -> String {
    format::shell_word(&target_name(&places(path).1))
}

/// The command line of this run.
static COMMAND_LINE: OnceLock<Vec<OsString>> = OnceLock::new();

/// Remembers the command line, for hints that say how a run is resumed.
pub(crate) fn keep_command_line(command_line: Vec<OsString>) {
    // A program that is run twice in a process has nothing to resume.
    let _ = COMMAND_LINE.set(command_line);
}

/// The command of this run with more arguments, and whether an address with a secret was left out of it.
fn this_command(more: &[&str]) -> Option<(String, bool)> {
    Some(command(given_args()?, more))
}

fn given_args() -> Option<impl Iterator<Item = String>> {
    let command_line = COMMAND_LINE.get()?.iter();
    Some(command_line.map(|arg| arg.to_string_lossy().into_owned()))
}

/// The command of this run with more arguments, ready to be pasted.
pub(super) fn command_hint(more: &[&str]) -> String {
    hint_of(this_command(more), more)
}

/// The same with another output.
pub(super) fn command_to(output: &Path, more: &[&str]) -> String {
    let output = output.to_string_lossy();
    let more = [&["-o", &*output], more].concat();
    let given = given_args().map(|args| command(without(args, &OUTPUT), &more));
    hint_of(given, &more)
}

/// The same for the IDs that have no result in the file of outcomes `kept`, with another output.
pub(super) fn command_of_missing(kept: &str, output: &Path) -> Option<String> {
    let output = output.to_string_lossy();
    let args = without(without(given_args()?, &OUTPUT), &["--ids"]);
    let (command, has_secret) = command(args, &["--ids", "-", "-o", &output]);
    let kept = format::shell_word(kept);
    let missing = format!("jq -r 'select(.outcome != \"done\").id' {kept}");
    Some(hint_of(
        Some((format!("{missing} | {command}"), has_secret)),
        &[],
    ))
}

/// The names of the option that says where rows go.
const OUTPUT: [&str; 2] = ["--output", "-o"];

/// Arguments without an option that has a value, such as `-o FILE`.
fn without<'a>(
    args: impl Iterator<Item = String> + 'a,
    option: &'a [&'a str],
) -> impl Iterator<Item = String> + 'a {
    let mut is_value = false;
    args.filter(move |arg| {
        let named = |name: &&str| match arg.strip_prefix(*name) {
            Some(rest) => rest.is_empty() || rest.starts_with('=') || !name.starts_with("--"),
            None => false,
        };
        let stays = !is_value && !option.iter().any(named);
        is_value = !is_value && option.contains(&arg.as_str());
        stays
    })
}

fn hint_of(given: Option<(String, bool)>, more: &[&str]) -> String {
    let Some((command, has_secret)) = given else {
        return format!("to get the rest, export again with {}", more.join(" "));
    };
    if has_secret {
        let variable = env_vars::PORTAL;
        return format!(
            "to get the rest, put the portal's address into {variable} and run again with: {command}"
        );
    }
    format!("to get the rest, run again with: {command}")
}

/// The command line, and whether an address with a secret in it was left out.
fn command(args: impl Iterator<Item = String>, more: &[&str]) -> (String, bool) {
    let mut words = vec!["brimful".to_owned()];
    let mut has_secret = false;
    let mut given: Vec<String> = args.skip(1).collect();
    let is_there = more
        .first()
        .is_some_and(|flag| more.len() == 1 && given.iter().any(|arg| arg == flag));
    if !is_there {
        given.extend(more.iter().map(|&word| word.to_owned()));
    }
    for arg in given {
        if redact(&arg) == arg {
            words.push(format::shell_word(&arg));
            continue;
        }
        has_secret = true;
        let variable = format!("\"${}\"", env_vars::PORTAL);
        words.push(match arg.split_once('=') {
            Some((name, _)) if name.starts_with("--") => format!("{name}={variable}"),
            _ => variable,
        });
    }
    (words.join(" "), has_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(args: &[&str], more: &[&str]) -> (String, bool) {
        command(args.iter().map(|&arg| arg.to_owned()), more)
    }

    #[test]
    fn the_command_can_be_pasted_and_has_no_secret() {
        assert_eq!(
            shown(
                &[
                    "/usr/bin/brimful",
                    "export",
                    "crm.lead.list",
                    "--filter",
                    ">ID=5",
                    "-o",
                    "my leads.jsonl",
                ],
                &["--resume"]
            ),
            (
                "brimful export crm.lead.list --filter '>ID=5' -o 'my leads.jsonl' --resume"
                    .to_owned(),
                false
            )
        );
        let url = "https://p.bitrix24.ru/rest/1/s3cr3tc0de/";
        assert_eq!(
            shown(
                &["brimful", "export", "x.list", "--portal", url, "--resume"],
                &["--resume"]
            ),
            (
                "brimful export x.list --portal \"$BRIMFUL_PORTAL\" --resume".to_owned(),
                true
            )
        );
        let (command, _) = shown(&["brimful", "export", &format!("--portal={url}")], &[]);
        assert_eq!(command, "brimful export --portal=\"$BRIMFUL_PORTAL\"");
    }

    #[test]
    fn the_output_of_a_command_is_left_out_however_it_is_written() {
        for output in [
            &["-o", "-"][..],
            &["-o-"],
            &["--output", "-"],
            &["--output=-"],
        ] {
            let args = ["brimful", "call", "crm.lead.add"].iter().chain(output);
            let args = args.chain(&["--each", "a.jsonl"]);
            let left = without(args.map(|&arg| arg.to_owned()), &OUTPUT);
            assert_eq!(
                left.collect::<Vec<_>>(),
                ["brimful", "call", "crm.lead.add", "--each", "a.jsonl"]
            );
        }
    }

    #[test]
    fn half_a_row_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl.partial");
        std::fs::write(&path, "{\"ID\":\"1\"}\n{\"ID\":\"27\"}\n{\"ID\":").unwrap();
        let kept = read(&path).unwrap();
        assert_eq!((kept.rows, kept.bytes), (2, 23));
        assert_eq!(id(&kept.last, "ID"), Some(27));
        assert_eq!(id(&kept.last, "id"), None);
    }
}
