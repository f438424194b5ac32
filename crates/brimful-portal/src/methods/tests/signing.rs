//! Documents that employees sign, the people of personnel systems, and applications in chats.

use super::Portal;

/// A portal with two users, an own company, and an employee of it.
fn portal() -> Portal {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.json(
        "crm.company.add",
        "fields[TITLE]=Own&fields[IS_MY_COMPANY]=Y",
    );
    portal.json("crm.company.add", "fields[TITLE]=Other");
    portal.json(
        "humanresources.hcmlink.company.add",
        "fields[company]=hr-1&fields[crmCompanyId]=1&fields[title]=Own",
    );
    portal.json(
        "humanresources.hcmlink.employee.set",
        "company=hr-1&data[0][employee]=EMP-1&data[0][person]=P-1&data[0][userId]=1&data[0][data][firstName]=Klaus&data[0][data][lastName]=Weber",
    );
    portal
}

#[test]
fn people_of_a_personnel_system_are_written_by_their_codes() {
    let mut portal = portal();
    let set = "humanresources.hcmlink.employee.set";
    let list = "humanresources.hcmlink.employee.list";
    portal.steps(&[
        (
            set,
            "company=hr-1",
            r#"{"status":"error","errors":["Parameter 'data' must be a non empty array "]}"#,
        ),
        (
            set,
            "company=hr-1&data[0][employee]=EMP-2",
            r#"{"status":"error","errors":["Item #0 should have not empty 'employee', 'person', 'data'"]}"#,
        ),
        (
            set,
            "company=hr-1&data[0][employee]=EMP-2&data[0][person]=P-1&data[0][data][lastName]=Webb",
            r#"{"status":"ok","errors":[]}"#,
        ),
        (
            list,
            "company=hr-1",
            r#"[{"id":1,"company":"hr-1","person":"P-1","userId":1,"title":"Webb",
                 "employees":[{"id":1,"employee":"EMP-1"},{"id":2,"employee":"EMP-2"}]}]"#,
        ),
        (list, "company=hr-1&offset=1", "[]"),
        (list, "company=hr-9", "!510 Operation failed"),
        (list, "", "!510"),
        (
            "humanresources.hcmlink.company.user.list",
            "",
            r#"[{"id":1,"company":"hr-1","crmCompanyId":1,"title":"Own","person":"P-1"}]"#,
        ),
    ]);
}

/// The parameters of a document that a portal sends.
fn document(provider: &str) -> [String; 3] {
    let members = format!(
        "fields[companyProviderUid]={provider}&fields[responsible][userId]=1&fields[members][0][userId]=2&fields[members][0][role]=signer&fields[members][1][employeeCode]=EMP-1&fields[members][1][role]=assignee"
    );
    let file = "&fields[files][0][fileName]=contract.pdf&fields[files][0][fileType]=application/pdf&fields[files][0][fileContent]=JVBERi0xLjQK";
    let rest = "&fields[regionDocumentType]=12.999&fields[externalSettings][externalId]=EXT-123&fields[externalSettings][externalDateCreate]=2025-02-18T09:19:34%2B01:00&fields[company][crmId]=1";
    [members, file.to_owned(), rest.to_owned()]
}

/// The provider of the own company of a portal.
fn provider(portal: &mut Portal) -> String {
    let providers = portal.json("sign.b2e.company.provider.list", "companyCrmId=1");
    providers[0]["uid"].as_str().unwrap().to_owned()
}

#[test]
fn an_own_company_has_a_provider_of_signatures() {
    let mut portal = portal();
    let list = "sign.b2e.company.provider.list";
    portal.steps(&[
        (
            list,
            "",
            "! Parameter 'companyUuid' or 'companyCrmId' is required",
        ),
        (list, "companyCrmId=2", "!510 My company 2 not found"),
        (list, "companyUuid=none", "!510 Company was not found."),
        (
            list,
            "companyCrmId=1",
            r#"[{"name":"Bitrix24 e-Signature for HR","code":"ses-ru"}]"#,
        ),
    ]);
    let provider = provider(&mut portal);
    assert_eq!(portal.json(list, "companyUuid=hr-1")[0]["uid"], *provider);
}

#[test]
fn a_document_that_lacks_something_is_not_sent() {
    let mut portal = portal();
    let provider = provider(&mut portal);
    let [with_members, file, rest] = document(&provider);
    let send = "sign.b2e.document.send";
    portal.steps(&[
        (send, "", "!BAD_REQUEST Empty request fields"),
        (
            send,
            "fields[company][crmId]=1",
            "!BAD_REQUEST [companyProviderUid] field is required",
        ),
        (
            send,
            &format!("fields[companyProviderUid]={provider}"),
            "!BAD_REQUEST The [responsible] field is required",
        ),
        (
            send,
            &with_members.replace("=signer", "=boss"),
            "!BAD_REQUEST Invalid role boss",
        ),
        (
            send,
            &with_members.replace("=signer", "=editor"),
            "!BAD_REQUEST At least one signing party with role signer is required",
        ),
        (
            send,
            &with_members.replace("EMP-1", "EMP-9"),
            "!BAD_REQUEST Employee with code EMP-9 was not found",
        ),
        (
            send,
            &with_members,
            "!BAD_REQUEST At least one file is required to sign the document",
        ),
        (
            send,
            &format!(
                "{with_members}{}",
                file.replace("contract.pdf", "contract.doc")
            ),
            "!BAD_REQUEST The specified file extension is not supported",
        ),
        (
            send,
            &format!("{with_members}{file}&fields[regionDocumentType]=12.999"),
            "!BAD_REQUEST External date create field is required",
        ),
        (
            send,
            &format!("{with_members}{file}{rest}").replace(&provider, "none"),
            "!BAD_REQUEST Signing provider is not available",
        ),
    ]);
}

#[test]
fn a_document_is_sent_to_those_who_sign_it() {
    let mut portal = portal();
    let provider = provider(&mut portal);
    let send = "sign.b2e.document.send";
    let sent = portal.json(send, &document(&provider).concat());
    assert_eq!(sent["state"]["name"], "Sent");
    let of_code = &sent["members"][1];
    assert_eq!(of_code["user"]["employeeCode"], "EMP-1");
    assert_eq!(
        (&of_code["user"]["userId"], &of_code["state"]["code"]),
        (&1.into(), &"waiting".into())
    );
    assert!(sent["members"][0]["user"].get("employeeCode").is_none());
    let uid = format!("uid={}", sent["uid"].as_str().unwrap());
    assert_eq!(portal.json("sign.b2e.document.get", &uid), sent);
    let signed = "sign.b2e.hcmlink.document.get";
    portal.steps(&[
        ("sign.b2e.document.get", "", "! Document UID is required"),
        ("sign.b2e.document.get", "uid=none", "! Document not found"),
        (signed, "id=9", "!SIGN_HCMLINK_DOCUMENT_NOT_FOUND"),
        (signed, "id=1", "!SIGN_HCMLINK_DOCUMENT_NOT_LINKED"),
        (signed, "id=2", "!SIGN_HCMLINK_NO_SIGNED_FILE_EXIST"),
    ]);
    let place = crate::data::records::place("sign.b2e.member").unwrap();
    portal.state.records[place].set(2, &[("state", "signed".into())]);
    portal.steps(&[(
        signed,
        "id=2",
        r#"{"company":"hr-1","employee":"EMP-1","document":{"name":"contract","fileName":"contract.pdf","uid":"EXT-123"}}"#,
    )]);
}

#[test]
fn a_bot_puts_an_application_into_chats() {
    let mut portal = Portal::with(&[]);
    let register = "imbot.app.register";
    let bot = portal.json(
        "imbot.register",
        "CODE=echo&EVENT_MESSAGE_ADD=https://x.test/h&EVENT_WELCOME_MESSAGE=https://x.test/h&EVENT_BOT_DELETE=https://x.test/h&PROPERTIES[NAME]=Echo",
    );
    let frame = format!("BOT_ID={bot}&CODE=echo&IFRAME=https://x.test/&LANG[0][TITLE]=Echo");
    portal.steps(&[
        (register, "BOT_ID=99", "!BOT_ID_ERROR"),
        (register, &format!("BOT_ID={bot}"), "!PARAMS_ERROR"),
        (register, &frame, "!HASH_ERROR"),
        (register, &frame.replace("https", "http"), "!IFRAME_HTTPS"),
        (
            register,
            &format!("BOT_ID={bot}&JS_METHOD=SEND&JS_PARAM=/help"),
            "!LANG_ERROR",
        ),
        (
            register,
            &format!("{frame}&HASH=d1ab17949a572b0979d8db0d5b349cd2"),
            "1",
        ),
        ("imbot.app.update", "APP_ID=9", "!CHAT_APP_ID_ERROR"),
        (
            "imbot.app.update",
            "APP_ID=1&FIELDS[IFRAME]=http://x.test",
            "!IFRAME_HTTPS",
        ),
        ("imbot.app.update", "APP_ID=1&FIELDS[CONTEXT]=ALL", "true"),
    ]);
    let app = portal
        .state
        .record_table("imbot.app")
        .unwrap()
        .get(1)
        .unwrap();
    assert_eq!(
        (&app["CONTEXT"], &app["CODE"]),
        (&"ALL".into(), &"echo".into())
    );
    portal.steps(&[
        ("imbot.app.unregister", "APP_ID=1", "true"),
        (
            "imbot.app.unregister",
            "APP_ID=1",
            "!CHAT_APP_ID_ERROR Application not found",
        ),
    ]);
}
