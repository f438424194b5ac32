//! `sign.b2e.*`: documents that employees sign. A document is sent and read here; nobody signs it, so a signed one is one
//! whose members were loaded.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::disk::{OWN_ADDRESS, decoded};
use super::personnel_links::{check_application, page};
use super::record_rows::{self, number, row, rows, text};
use crate::context::{Call, MethodError, Output, moment};
use crate::data::entities::{COMPANY, USER};
use crate::data::records::signing::{DOCUMENTS, EMPLOYEES, MEMBERS, PERSONS, PROVIDERS};
use crate::data::{PortalData, hash};
use crate::methods::method::{Handler, Method, read, write};

const LINKED_COMPANIES: &str = "humanresources.hcmlink.company";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("sign.b2e", "sign.b2e.company.provider.list", providers),
        write!("sign.b2e", "sign.b2e.document.send", send),
        read!("sign.b2e", "sign.b2e.document.get", get),
        read!("sign.b2e", "sign.b2e.hcmlink.document.get", signed_document),
    ]
    .into_iter()
}

type Row = Map<String, Json>;

/// These methods answer 200 whatever they say.
fn failed(code: &str, text: impl Into<String>) -> MethodError {
    MethodError::new(200, code, text)
}

fn bad(text: impl Into<String>) -> MethodError {
    failed("BAD_REQUEST", text)
}

fn check_caller(call: &Call<'_>) -> Result<(), MethodError> {
    check_application(call, "Current authorization type is denied for this method")
}

/// A name that no other has, as a GUID.
fn guid(state: &PortalData, name: &str, id: u64) -> String {
    let first = hash::mix(state.seed() ^ hash::salt(name) ^ id);
    let digits = format!("{first:016x}{:016x}", hash::mix(first));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| digits[part].to_owned()).join("-")
}

/// The company of the CRM that is an own one and has this number.
fn own_company(state: &PortalData, id: u64) -> Result<u64, MethodError> {
    let company = state.table(COMPANY).get(id);
    let is_own = company.is_some_and(|row| super::chats::word(&row, "IS_MY_COMPANY") == "Y");
    if is_own {
        return Ok(id);
    }
    Err(failed("510", format!("My company {id} not found")))
}

/// The company that a call names by the code of a personnel system or by its number in the CRM.
fn company(state: &PortalData, code: &str, id: u64) -> Result<Option<u64>, MethodError> {
    if !code.is_empty() {
        let mut linked = rows(state, LINKED_COMPANIES);
        let found = linked.find(|(_, row)| text(row, "company") == code);
        let found = found.ok_or_else(|| failed("510", "Company was not found."))?;
        return own_company(state, number(found.1, "crmCompanyId")).map(Some);
    }
    match id {
        0 => Ok(None),
        id => own_company(state, id).map(Some),
    }
}

/// `sign.b2e.company.provider.list(companyUuid, companyCrmId, language, limit, offset)`: the provider that every own
/// company gets when it is first asked for.
fn providers(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const YEAR: i64 = 365 * 86_400;
    check_caller(call)?;
    let id = record_rows::given_number(call, "companyCrmId");
    let company = company(state, &call.text("companyUuid"), id)?;
    let company = company
        .ok_or_else(|| failed("", "Parameter 'companyUuid' or 'companyCrmId' is required"))?;
    let of_company = |row: &Row| number(row, "companyId") == company;
    if !rows(state, PROVIDERS).any(|(_, row)| of_company(row)) {
        let mut given = Array::from_iter([("companyId", company as i64)]);
        given.insert("code", "ses-ru");
        given.insert("uid", guid(state, PROVIDERS, company));
        given.insert("expires", moment::text(call.seconds() + YEAR));
        record_rows::add(state, call, PROVIDERS, &given);
    }
    let name = match call.text("language").as_str() {
        "ru" => "Битрикс24 КЭДО",
        _ => "Bitrix24 e-Signature for HR",
    };
    let known = rows(state, PROVIDERS).filter(|(_, row)| of_company(row));
    let known = known.map(|(_, row)| {
        let mut shown = Array::from_iter([("code", text(row, "code")), ("uid", text(row, "uid"))]);
        shown.insert("name", name);
        shown.insert("date", text(row, "date"));
        shown.insert("expires", text(row, "expires"));
        Value::Array(shown)
    });
    Ok(page(call, known))
}

/// A member of a document that a call names.
struct Member {
    user: u64,
    role: String,
    employee: Option<(u64, String)>,
}

const ROLES: [&str; 4] = ["signer", "assignee", "reviewer", "editor"];

/// The member that a part of a call names: by what they are employed as, or as a user.
fn member(state: &PortalData, given: &Array, usual_role: &str) -> Result<Member, MethodError> {
    let value = |name: &str| given.get(name).map(Value::to_text).unwrap_or_default();
    let role = match value("role") {
        role if role.is_empty() => usual_role.to_owned(),
        role if ROLES.contains(&role.as_str()) => role,
        role => return Err(bad(format!("Invalid role {role}"))),
    };
    let (code, id, user) = (value("employeeCode"), value("employeeId"), value("userId"));
    if code.is_empty() && id.is_empty() {
        let user: u64 = user.trim().parse().unwrap_or(0);
        return match user {
            0 => Err(bad("Employee ID is required")),
            user if state.table(USER).contains(user) => Ok(Member {
                user,
                role,
                employee: None,
            }),
            _ => Err(bad("Could not find employee for specified User ID")),
        };
    }
    let (number_of, named) = match code.as_str() {
        "" => ("id", id.clone()),
        code => ("employee", code.to_owned()),
    };
    let found = rows(state, EMPLOYEES).find(|(_, row)| text(row, number_of) == named);
    let (employee, found) = found.ok_or_else(|| match code.as_str() {
        "" => bad(format!("Employee with ID {id} was not found")),
        code => bad(format!("Employee with code {code} was not found")),
    })?;
    let is_theirs = |row: &Row| {
        ["company", "person"]
            .iter()
            .all(|name| text(row, name) == text(found, name))
    };
    let person = rows(state, PERSONS).find(|(_, row)| is_theirs(row));
    let user = person.map_or(0, |(_, row)| number(row, "userId"));
    if user == 0 {
        return Err(bad("Could not find user for specified employee"));
    }
    Ok(Member {
        user,
        role,
        employee: Some((employee, text(found, "employee"))),
    })
}

/// The members of a document: one who signs and one who stands for the company at least.
fn members(state: &PortalData, fields: &Array) -> Result<Vec<Member>, MethodError> {
    let responsible = fields.get("responsible").and_then(Value::as_array);
    let responsible = responsible.ok_or_else(|| bad("The [responsible] field is required"))?;
    member(state, responsible, "assignee")?;
    let given = fields.get("members").and_then(Value::as_array);
    let given = given.into_iter().flat_map(Array::values);
    let members: Result<Vec<Member>, MethodError> = given
        .filter_map(Value::as_array)
        .map(|given| member(state, given, ""))
        .collect();
    let members = members?;
    for role in ["signer", "assignee"] {
        if members.iter().all(|member| member.role != role) {
            let text = format!("At least one signing party with role {role} is required");
            return Err(bad(text));
        }
    }
    Ok(members)
}

/// The name of the one file of a document.
fn file_name(fields: &Array) -> Result<String, MethodError> {
    let files = fields.get("files").and_then(Value::as_array);
    let files = files.filter(|files| !files.is_empty());
    let files = files.ok_or_else(|| bad("At least one file is required to sign the document"))?;
    if files.len() > 1 {
        return Err(bad("Signing multiple files is currently not supported"));
    }
    let file = files.values().next().and_then(Value::as_array);
    let value = |name: &str| {
        let value = file.and_then(|file| file.get(name));
        value.map(Value::to_text).unwrap_or_default()
    };
    if value("fileType") != "application/pdf" {
        return Err(bad("The specified file type is not supported"));
    }
    let name = value("fileName");
    match name.rsplit_once('.') {
        Some(("", _)) => Err(bad("Invalid file name")),
        None if name.is_empty() => Err(bad("Invalid file name")),
        None => Err(bad("Invalid file name. File extension is not specified")),
        Some((_, ending)) if !ending.eq_ignore_ascii_case("pdf") => {
            Err(bad("The specified file extension is not supported"))
        }
        Some(_) if decoded(&value("fileContent")).is_none() => Err(bad("Invalid file content")),
        Some(_) => Ok(name),
    }
}

/// The number and the date that a document has elsewhere.
fn external(fields: &Array) -> Result<(String, String), MethodError> {
    let settings = fields.get("externalSettings").and_then(Value::as_array);
    let value = |name: &str| {
        let value = settings.and_then(|settings| settings.get(name));
        value.map(Value::to_text).unwrap_or_default()
    };
    let (id, date) = (value("externalId"), value("externalDateCreate"));
    if date.is_empty() {
        return Err(bad("External date create field is required"));
    }
    if id.is_empty() {
        return Err(bad("External ID field is required"));
    }
    if moment::parse(&date, 0).is_none() {
        return Err(bad("External date create invalid field value"));
    }
    if id.chars().count() > 255 {
        return Err(bad("External ID maximum length of 255 is exceeded"));
    }
    Ok((id, date))
}

/// Refuses a provider that the company doesn't have.
fn check_provider(
    state: &PortalData,
    call: &Call<'_>,
    company: u64,
    uid: &str,
) -> Result<(), MethodError> {
    let is_it = |row: &Row| text(row, "uid") == uid && number(row, "companyId") == company;
    let provider = rows(state, PROVIDERS).find(|(_, row)| is_it(row));
    let (_, provider) = provider.ok_or_else(|| bad("Signing provider is not available"))?;
    let expires = moment::parse(&text(provider, "expires"), 0);
    if expires.is_some_and(|expires| expires < call.seconds()) {
        return Err(bad("Signing provider has expired"));
    }
    Ok(())
}

/// `sign.b2e.document.send(fields, language)`: the document, on its way to those who sign it.
fn send(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_caller(call)?;
    let fields = call.params.get("fields").and_then(Value::as_array);
    let fields = fields.filter(|fields| !fields.is_empty()).cloned();
    let fields = fields.ok_or_else(|| bad("Empty request fields"))?;
    let value = |name: &str| fields.get(name).map(Value::to_text).unwrap_or_default();
    let provider = value("companyProviderUid");
    if provider.is_empty() {
        return Err(bad("[companyProviderUid] field is required"));
    }
    let members = members(state, &fields)?;
    let name = file_name(&fields)?;
    if value("regionDocumentType").is_empty() {
        let text = "Region document type is required. Use value '12.999' as a default value";
        return Err(bad(text));
    }
    let (external_id, external_date) = external(&fields)?;
    let named = fields.get("company").and_then(Value::as_array);
    let of_company = |name: &str| {
        let value = named.and_then(|named| named.get(name));
        value.map(Value::to_text).unwrap_or_default()
    };
    let id = of_company("crmId").trim().parse().unwrap_or(0);
    let company = company(state, &of_company("uuid"), id)?;
    let company = company.ok_or_else(|| failed("510", "Company was not found."))?;
    check_provider(state, call, company, &provider)?;
    let mut document = Array::from_iter([("companyId", company as i64)]);
    document.insert("fileName", name);
    document.insert("externalId", external_id);
    document.insert("externalDateCreate", external_date);
    let id = record_rows::add(state, call, DOCUMENTS, &document);
    let uid = Json::from(guid(state, DOCUMENTS, id));
    record_rows::set(state, call, DOCUMENTS, id, &[("uid", uid)]);
    for member in members {
        let mut given = Array::from_iter([("documentId", id as i64)]);
        given.insert("role", member.role.as_str());
        given.insert("party", i64::from(member.role != "signer"));
        given.insert("userId", member.user as i64);
        if let Some((employee, code)) = member.employee {
            given.insert("employeeId", employee as i64);
            given.insert("employeeCode", code);
        }
        let number = record_rows::add(state, call, MEMBERS, &given);
        let uid = guid(state, MEMBERS, number);
        let uid = Json::from(uid.split('-').next().unwrap_or_default());
        record_rows::set(state, call, MEMBERS, number, &[("uid", uid)]);
    }
    Ok(shown(state, call, id))
}

/// What a state is called.
fn state_name(code: &str, language: &str) -> String {
    let russian = match code {
        "sent" => "Отправлен",
        "in_progress" => "В процессе",
        "waiting" => "Ожидает",
        "signed" => "Подписан",
        "done" => "Завершён",
        other => other,
    };
    if language == "ru" {
        return russian.to_owned();
    }
    let mut words = code.split('_').map(|word| {
        let (head, tail) = word.split_at(word.len().min(1));
        format!("{}{tail}", head.to_ascii_uppercase())
    });
    let first = words.next().unwrap_or_default();
    words.fold(first, |name, word| format!("{name} {word}"))
}

fn state_of(row: &Row, language: &str) -> Array {
    let code = text(row, "state");
    let name = state_name(&code, language);
    Array::from_iter([("code", code), ("name", name)])
}

fn shown(state: &PortalData, call: &Call<'_>, id: u64) -> Output {
    let language = call.text("language");
    let Some(document) = row(state, DOCUMENTS, id) else {
        return Output::value(&Value::Null);
    };
    let members = rows(state, MEMBERS).filter(|(_, row)| number(row, "documentId") == id);
    let members = members.map(|(_, row)| {
        let mut user = Array::new();
        for name in ["employeeCode", "employeeId", "userId"] {
            if let Some(value) = row.get(name).filter(|value| !value.is_null()) {
                user.insert(name, Value::from(value.clone()));
            }
        }
        let mut member = Array::from_iter([("uid", text(row, "uid")), ("role", text(row, "role"))]);
        member.insert("party", number(row, "party") as i64);
        member.insert("user", user);
        member.insert("state", state_of(row, &language));
        member
    });
    let members: Value = members.collect();
    let mut answer = Array::from_iter([("uid", text(document, "uid"))]);
    answer.insert("state", state_of(document, &language));
    answer.insert("members", members);
    Output::value(&Value::Array(answer))
}

/// `sign.b2e.document.get(uid, language)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_caller(call)?;
    let uid = call.text("uid");
    if uid.is_empty() {
        return Err(failed("", "Document UID is required"));
    }
    let found = rows(state, DOCUMENTS).find(|(_, row)| text(row, "uid") == uid);
    let (id, _) = found.ok_or_else(|| failed("", "Document not found"))?;
    Ok(shown(state, call, id))
}

/// `sign.b2e.hcmlink.document.get(id)`: what a member of a document has signed.
fn signed_document(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_caller(call)?;
    let id = record_rows::given_number(call, "id");
    let member = row(state, MEMBERS, id);
    let document = member.and_then(|member| row(state, DOCUMENTS, number(member, "documentId")));
    let (Some(member), Some(document)) = (member, document) else {
        return Err(failed(
            "SIGN_HCMLINK_DOCUMENT_NOT_FOUND",
            "Document not found",
        ));
    };
    let company = number(document, "companyId");
    let mut linked = rows(state, LINKED_COMPANIES);
    let linked = linked.find(|(_, row)| number(row, "crmCompanyId") == company);
    let code = text(member, "employeeCode");
    let Some((_, linked)) = linked.filter(|_| !code.is_empty()) else {
        let text = "No employee or company linked to the document";
        return Err(failed("SIGN_HCMLINK_DOCUMENT_NOT_LINKED", text));
    };
    if text(member, "state") != "signed" {
        let text = "Signed file for this document does not exist";
        return Err(failed("SIGN_HCMLINK_NO_SIGNED_FILE_EXIST", text));
    }
    let file = text(document, "fileName");
    let name = file
        .rsplit_once('.')
        .map_or(file.as_str(), |(name, _)| name);
    let mut shown = Array::from_iter([("date", text(document, "date"))]);
    shown.insert("name", name);
    let url = format!("{OWN_ADDRESS}/rest/download.json?token=sign.b2e.{id}");
    shown.insert("fileUrl", url);
    shown.insert("fileName", file.as_str());
    shown.insert("uid", text(document, "externalId"));
    shown.insert("documentUid", text(document, "uid"));
    let mut answer = Array::from_iter([("company", text(linked, "company")), ("employee", code)]);
    answer.insert("document", shown);
    Ok(Output::value(&Value::Array(answer)))
}
