//! `brimful fields`: what an entity has.

use brimful::{Effect, Field};
use clap::Args;
use serde_json::{Value, json};

use super::connect;
use super::show::{self, ShownRows, show};
use crate::args::params::CallParams;
use crate::args::rate::RateArg;
use crate::args::{ParamsOption, PortalOption, method};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Printer;

/// Show the fields of an entity: names, types, what is required
///
/// A table on a terminal, a JSON object for every field in a pipe.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful fields crm.deal
  brimful fields crm.item --param entityTypeId=128
  brimful fields tasks.task | jq -r 'select(.required).name'
  brimful fields tasks.task --rest3")]
pub(crate) struct FieldsArgs {
    /// The entity, such as crm.deal, or one of its methods
    #[arg(value_parser = method::parse)]
    pub(crate) entity: String,
    /// Ask REST 3.0
    #[arg(long)]
    pub(crate) rest3: bool,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
}

pub(crate) async fn run(args: &FieldsArgs, printer: Printer) -> Result<Exit, Failure> {
    let params = CallParams {
        json: args.params.json.as_deref(),
        params: &args.params.params,
        ..CallParams::default()
    }
    .assemble()?;
    show::check_stdout_for(Effect::Read)?;
    let connection = connect(&args.portal, RateArg::STANDARD, printer).await?;
    let fields = if args.rest3 {
        connection.client.rest3().fields(&args.entity).await
    } else {
        connection.client.fields(&args.entity, params).await
    };
    let fields = fields.map_err(|error| Failure::of(&error))?;
    let rows = ShownRows {
        names: &["NAME", "TYPE", "NOTES", "TITLE", "CHOICES"],
        cells: |(name, field): &(String, Field)| {
            vec![
                name.clone(),
                kind(field),
                flags(field).join(", "),
                field.title.clone().unwrap_or_default(),
                choices(field),
            ]
        },
        json: |(name, field): &(String, Field)| json_of(name, field),
    };
    show(fields.into_iter(), &rows, printer)
}

fn kind(field: &Field) -> String {
    let name = field.type_name.as_deref().unwrap_or("?");
    if field.is_multiple {
        format!("{name}[]")
    } else {
        name.to_owned()
    }
}

fn flags(field: &Field) -> Vec<&'static str> {
    [
        (field.is_required, "required"),
        (field.is_read_only, "read only"),
        (field.is_immutable, "immutable"),
        (field.is_deprecated, "deprecated"),
    ]
    .into_iter()
    .filter_map(|(is, name)| is.then_some(name))
    .collect()
}

/// The first few.
fn choices(field: &Field) -> String {
    const SHOWN: usize = 4;
    let shown = field.choices.iter().take(SHOWN);
    let mut texts: Vec<String> = shown
        .map(|choice| format!("{}={}", choice.id, choice.value))
        .collect();
    if field.choices.len() > SHOWN {
        texts.push(format!("and {} more", field.choices.len() - SHOWN));
    }
    match &field.status_type {
        Some(dictionary) if texts.is_empty() => format!("dictionary {dictionary}"),
        _ => texts.join(", "),
    }
}

fn json_of(name: &str, field: &Field) -> Value {
    let choices: Vec<Value> = field
        .choices
        .iter()
        .map(|choice| json!({"id": choice.id, "value": choice.value}))
        .collect();
    json!({
        "name": name,
        "listed": field.name,
        "title": field.title,
        "kind": format!("{:?}", field.kind).to_lowercase(),
        "type": field.type_name,
        "required": field.is_required,
        "read_only": field.is_read_only,
        "immutable": field.is_immutable,
        "multiple": field.is_multiple,
        "dynamic": field.is_dynamic,
        "deprecated": field.is_deprecated,
        "dictionary": field.status_type,
        "choices": choices,
    })
}
