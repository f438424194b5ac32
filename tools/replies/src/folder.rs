//! Replies in a folder.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json};

/// A reply, or those of one conversation.
pub(crate) struct Recording {
    /// The name of the file, or the line and the method.
    pub(crate) name: String,
    /// What was asked, where that was kept.
    pub(crate) request: Option<Request>,
    pub(crate) replies: Vec<Json>,
    /// The method, where it is said.
    pub(crate) method: Option<String>,
    /// Whether it stands in documentation: what that leaves out is left out by its author, and not by a portal.
    pub(crate) documented: bool,
}

/// What was asked.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) params: Map<String, Json>,
}

/// All recordings of a folder, by name.
pub(crate) fn read(folder: &Path) -> Result<Vec<Recording>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut recordings = Vec::new();
    for name in names {
        if let Some(stem) = name.strip_suffix(".response.json") {
            let request = folder.join(format!("{stem}.request.json"));
            let request = request.exists().then(|| parse(&request)).transpose()?;
            let replies = match parse(&folder.join(&name))? {
                Json::Array(replies) => replies,
                reply => vec![reply],
            };
            recordings.push(Recording {
                name: stem.to_owned(),
                method: None,
                request: request.as_ref().and_then(Request::of),
                replies,
                documented: false,
            });
        } else if name == "documented.jsonl" {
            let text = fs::read_to_string(folder.join(&name))?;
            for (number, line) in (1..).zip(text.lines()) {
                if line.trim().is_empty() {
                    continue;
                }
                let line: Json = serde_json::from_str(line)
                    .map_err(|error| format!("line {number}: {error}"))?;
                let method = line.get("method").and_then(Json::as_str);
                let method = method.ok_or_else(|| format!("line {number} has no method"))?;
                recordings.push(Recording {
                    name: format!("documented {number} {method}"),
                    method: Some(method.to_owned()),
                    request: None,
                    replies: line.get("reply").cloned().into_iter().collect(),
                    documented: true,
                });
            }
        }
    }
    Ok(recordings)
}

fn parse(file: &Path) -> Result<Json, Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()).into())
}

impl Request {
    fn of(json: &Json) -> Option<Self> {
        let params = json.get("params").and_then(Json::as_object);
        Some(Self {
            method: json.get("method")?.as_str()?.to_owned(),
            params: params.cloned().unwrap_or_default(),
        })
    }
}
