//! `brimful methods`: the methods that are known, and those that a portal has.

use std::collections::BTreeMap;
use std::path::PathBuf;

use brimful::Effect;
use brimful_protocol::catalogue::{self, Method, Paging, Shape};
use clap::Args;
use serde_json::{Value, json};

use super::connect;
use super::show::{self, ShownRows, show};
use crate::args::portal;
use crate::args::portal::PortalArg;
use crate::args::portal::PortalOption;
use crate::args::rate::RateArg;
use crate::env_vars;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Printer;

/// Show the methods that are known: what they need, how their lists are read, whether they write
///
/// They come from a catalogue that is built in. A table on a terminal, a JSON object for every method in a pipe.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful methods crm.deal
  brimful methods '*.list'
  brimful methods --portal demo | jq -r 'select(.available).method'")]
pub(crate) struct MethodsArgs {
    /// A part of the name; with * it is the whole name
    pub(crate) pattern: Option<String>,
    /// Ask this portal which of them may be called there, and which others it has
    #[arg(long, value_name = "URL|demo", value_parser = portal::parse)]
    pub(crate) portal: Option<PortalArg>,
    /// Ask the portal of BRIMFUL_PORTAL
    #[arg(long, conflicts_with = "portal")]
    pub(crate) available: bool,
    /// Ask the portal of a login, whose tokens are in this file and not in their usual place
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// One method, of the catalogue or of a portal that has it beside.
struct Known {
    name: String,
    documented: Option<&'static Method>,
    /// Whether the portal lets it be called; `None` if that was not asked, or cannot be told.
    available: Option<bool>,
}

pub(crate) async fn run(args: &MethodsArgs, printer: Printer) -> Result<Exit, Failure> {
    show::check_stdout_for(Effect::Read)?;
    let portal = portal(args)?;
    let theirs = match portal {
        Some(portal) => Some(ask(&portal, printer).await?),
        None => None,
    };
    let pattern = args
        .pattern
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut known: BTreeMap<(String, u8), Known> = BTreeMap::new();
    for method in catalogue::all() {
        let lower = method.name.to_ascii_lowercase();
        let available = match &theirs {
            // `methods` tells nothing of REST 3.0.
            Some(theirs) if method.rest == 2 => Some(theirs.contains_key(&lower)),
            _ => None,
        };
        let entry = Known {
            name: method.name.to_owned(),
            documented: Some(method),
            available,
        };
        known.insert((lower, method.rest), entry);
    }
    for (lower, name) in theirs.into_iter().flatten() {
        known.entry((lower, 2)).or_insert(Known {
            name,
            documented: None,
            available: Some(true),
        });
    }
    let mut shown: Vec<Known> = known
        .into_iter()
        .filter(|((lower, _), _)| matches(&pattern, lower))
        .map(|(_, known)| known)
        .collect();
    if shown.is_empty() {
        let near = args.pattern.as_deref().and_then(catalogue::nearest);
        let failure = Failure::failed("no method has such a name");
        return Err(match near {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure,
        });
    }
    shown.sort_by_key(|known| known.name.to_ascii_lowercase());
    let asked = shown.iter().any(|known| known.available.is_some());
    let names: &[&str] = if asked {
        &["METHOD", "REST", "SCOPE", "EFFECT", "LIST", "THERE"]
    } else {
        &["METHOD", "REST", "SCOPE", "EFFECT", "LIST"]
    };
    let rows = ShownRows {
        names,
        cells: |known: &Known| cells(known, asked),
        json: json_of,
    };
    show(shown.into_iter(), &rows, printer)
}

/// The portal to ask, if one is to be asked.
fn portal(args: &MethodsArgs) -> Result<Option<PortalOption>, Failure> {
    let token_file = args.token_file.clone();
    if args.portal.is_none() && !args.available && token_file.is_none() {
        return Ok(None);
    }
    let address = match (&args.portal, env_vars::read(env_vars::PORTAL)) {
        (Some(address), _) => Some(address.clone()),
        (None, Some(address)) => Some(portal::parse(&address).map_err(Failure::usage)?),
        // The file names the portal that its tokens are of.
        (None, None) if token_file.is_some() => None,
        (None, None) => {
            return Err(Failure::usage(format!(
                "--available asks the portal in {}, and there is none",
                env_vars::PORTAL
            )));
        }
    };
    Ok(Some(PortalOption {
        address,
        token_file,
    }))
}

/// The portal's own names, by their lower case.
async fn ask(portal: &PortalOption, printer: Printer) -> Result<BTreeMap<String, String>, Failure> {
    let connection = connect(portal, RateArg::STANDARD, printer).await?;
    let client = &connection.client;
    let names = async |method: &str| {
        let reply = client.call(method, json!({})).await?;
        reply.result::<Vec<String>>()
    };
    let methods = names("methods")
        .await
        .map_err(|error| Failure::of(&error))?;
    let scopes = names("scope").await.map_err(|error| Failure::of(&error))?;
    printer.note(&format!("the scopes are {}", scopes.join(", ")));
    Ok(methods
        .into_iter()
        .map(|name| (name.to_ascii_lowercase(), name))
        .collect())
}

/// A part of the name, or all of it where `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    if !pattern.contains('*') {
        return name.contains(pattern);
    }
    let parts: Vec<&str> = pattern.split('*').collect();
    let (Some((first, rest)), Some(last)) = (parts.split_first(), parts.last()) else {
        return false;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    for part in &rest[..rest.len().saturating_sub(1)] {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

fn effect(known: &Known) -> &'static str {
    match Effect::of(&known.name) {
        Effect::Read => "read",
        Effect::Write => "write",
    }
}

/// How its list is read; `None` if it is not a list, or that is unknown.
fn list(method: &Method) -> Option<&'static str> {
    if method.keyset.is_some() {
        return Some("by ID");
    }
    match method.paging {
        Paging::Page | Paging::Controller | Paging::Offset => Some("pages"),
        Paging::Pagination => Some("pagination"),
        Paging::NavParams => Some("NAV_PARAMS"),
        Paging::LimitOffset => Some("LIMIT, OFFSET"),
        Paging::PageNumber => Some("page"),
        Paging::Cursor => Some("cursor"),
        _ if method.shape == Shape::List => Some("one call"),
        _ => None,
    }
}

fn cells(known: &Known, asked: bool) -> Vec<String> {
    let method = known.documented;
    let mut cells = vec![
        known.name.clone(),
        method.map_or_else(String::new, |method| format!("{}.0", method.rest)),
        method.map_or("", |method| method.scope).to_owned(),
        effect(known).to_owned(),
        method.and_then(list).unwrap_or_default().to_owned(),
    ];
    if method.is_some_and(|method| method.deprecated) {
        cells[3].push_str(", deprecated");
    }
    if asked {
        let there = match known.available {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        cells.push(there.to_owned());
    }
    cells
}

fn json_of(known: &Known) -> Value {
    let method = known.documented;
    json!({
        "method": known.name,
        "rest": method.map(|method| method.rest),
        "scope": method.map(|method| method.scope),
        "effect": effect(known),
        "list": method.and_then(list),
        "deprecated": method.map(|method| method.deprecated),
        "documented": method.is_some(),
        "available": known.available,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_part_of_the_name_or_the_whole_of_it() {
        for (pattern, name, is) in [
            ("", "crm.deal.list", true),
            ("deal", "crm.deal.list", true),
            ("dael", "crm.deal.list", false),
            ("*.list", "crm.deal.list", true),
            ("*.list", "crm.deal.listen", false),
            ("crm.*", "crm.deal.list", true),
            ("crm.*", "xcrm.deal.list", false),
            ("crm.*.list", "crm.deal.list", true),
            ("crm.*d*.l*", "crm.deal.list", true),
            ("crm.deal.list*list", "crm.deal.list", false),
            ("*", "crm.deal.list", true),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
    }
}
