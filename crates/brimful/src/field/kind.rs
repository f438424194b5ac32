//! What kind of values a field has, of the many names that portals have for the same thing.

/// The kind of a field's values: what a column for them is.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::FieldKind;
///
/// let fields = client.fields("crm.deal", serde_json::json!({})).await?;
/// let moments = fields.values().filter(|field| field.kind == FieldKind::DateTime);
/// println!("{}", moments.count());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldKind {
    /// A whole number: also the ID of a user, a company and whatever else is referred to by its ID.
    Integer,
    /// A number with a fraction. Arrives as a string as often as not.
    Double,
    /// Yes or no: `Y`/`N`, `1`/`0`, `true`/`false`.
    Boolean,
    /// A day, though legacy methods send it with a time.
    Date,
    /// A moment.
    DateTime,
    /// A text, a code, an address.
    Text,
    /// An amount with its currency, `100.00|RUB`.
    Money,
    /// One of a list of values, by its ID; see [`Field::choices`](super::Field::choices).
    Enumeration,
    /// One of a dictionary of the CRM, by its code: a stage, a source.
    Status,
    /// Phones, mails, sites: a list of values with their kinds.
    Multifield,
    /// A file.
    File,
    /// A list or a map of something else.
    Structure,
    /// The portal does not say, or says something new.
    Unknown,
}

impl FieldKind {
    /// The kind behind a portal's name for it.
    pub(super) fn of(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "integer" | "int" | "user" | "employee" | "crm_category" | "crm_company"
            | "crm_contact" | "crm_lead" | "crm_deal" | "crm_quote" | "crm_entity"
            | "crm_dynamic_type" | "iblock_element" | "iblock_section" | "hlblock" | "diskfile"
            | "disk_file" => Self::Integer,
            "double" | "float" => Self::Double,
            "char" | "boolean" | "bool" => Self::Boolean,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "money" => Self::Money,
            "enum" | "enumeration" | "uf_enum_element" => Self::Enumeration,
            "crm_status" | "crm_status_extra" => Self::Status,
            "crm_multifield" => Self::Multifield,
            "file" | "product_file" | "attached_diskfile" | "webdav" => Self::File,
            "array"
            | "object"
            | "recurring"
            | "recurring_params"
            | "location"
            | "crm_product_row"
            | "crm_activity_binding"
            | "crm_activity_communication" => Self::Structure,
            "string" | "text" | "url" | "address" | "crm" | "crm_currency" | "mail_message"
            | "resource" => Self::Text,
            other if other.starts_with("crm_enum_") => Self::Integer,
            _ => Self::Unknown,
        }
    }
}
