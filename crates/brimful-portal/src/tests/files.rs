//! Files on the disk: links that are signed, and what comes by them.

use super::*;

fn with_file() -> Portal {
    let config = PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .address("https://portal.test");
    portal(config.file("отчёт 1.txt", "0123456789"))
}

async fn link(portal: &Portal) -> String {
    let file = call(portal, "disk.file.get", json!({"id": 2}))
        .await
        .result();
    let link = file["DOWNLOAD_URL"].as_str().unwrap();
    link.strip_prefix("https://portal.test").unwrap().to_owned()
}

/// Fetches as browsers do, with further headers.
async fn fetch(portal: &Portal, uri: &str, further: &[(&str, &str)]) -> Heard {
    let mut request = Request::get(uri);
    let browser = [
        ("user-agent", "browser"),
        ("accept", "*/*"),
        ("accept-language", "ru"),
        ("referer", "https://portal.test/"),
    ];
    for (name, value) in browser.iter().chain(further) {
        request = request.header(*name, *value);
    }
    Heard::of(
        portal
            .handle(request.body(Bytes::new()).unwrap(), HERE)
            .await,
    )
}

#[tokio::test(start_paused = true)]
async fn a_file_is_described_with_a_link_that_holds_the_credential() {
    let portal = with_file();
    let file = call(&portal, "disk.file.get", json!({"id": 2}))
        .await
        .result();
    assert_eq!(
        (&file["NAME"], &file["SIZE"]),
        (&json!("отчёт 1.txt"), &json!("10"))
    );
    let link = link(&portal).await;
    assert!(
        link.starts_with("/rest/1/demo/download/?token=disk%7C"),
        "{link}"
    );
    let heard = fetch(&portal, &link, &[]).await;
    assert_eq!((heard.status, heard.body.as_str()), (200, "0123456789"));
    assert!(heard.header("content-disposition").contains("%D0%BE"));
    let inside = batch(&portal, json!({"a": "disk.file.get?id=2"})).await;
    assert!(
        inside["result"]["a"]["DOWNLOAD_URL"]
            .as_str()
            .unwrap()
            .ends_with(&link)
    );
    let missing = call(&portal, "disk.file.get", json!({"id": 3})).await;
    assert_eq!(
        (missing.status, &missing.json()["error"]),
        (400, &json!("ERROR_NOT_FOUND"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_link_is_good_for_one_file_and_the_caller_it_was_given_to() {
    let portal = portal(
        PortalConfig::unlimited()
            .address("https://portal.test")
            .webhook(crate::Webhook::new(2, "other"))
            .token(crate::AccessToken::new("t0ken", "app", 1))
            .file("a", "a"),
    );
    let link = link(&portal).await;
    let another = link.replace("/1/demo/", "/2/other/");
    assert_eq!(fetch(&portal, &another, &[]).await.status, 403);
    let nobody = link.replace("/1/demo/", "/1/wrong/");
    assert_eq!(
        fetch(&portal, &nobody, &[]).await.json()["error"],
        "INVALID_CREDENTIALS"
    );
    let forged = link.replace("disk%7C", "disk%7Cx");
    assert_eq!(fetch(&portal, &forged, &[]).await.status, 403);
    let heard = get(&portal, "/rest/disk.file.get?id=2&auth=t0ken").await;
    let link = heard.result()["DOWNLOAD_URL"].as_str().unwrap().to_owned();
    assert!(link.starts_with("https://portal.test/rest/download.json?auth=t0ken&token="));
    assert_eq!(fetch(&portal, &link, &[]).await.body, "a");
}

/// Sends a file as a form, as browsers do.
async fn upload(portal: &Portal, address: &str, name: &str, content: &str) -> Heard {
    let uri = address.strip_prefix("https://portal.test").unwrap();
    let body = format!(
        "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{content}\r\n--X--\r\n"
    );
    post(portal, uri, "multipart/form-data; boundary=X", &body).await
}

#[tokio::test(start_paused = true)]
async fn a_folder_says_where_to_send_a_file_whose_content_is_to_come() {
    let portal = with_file();
    let told = call(&portal, "disk.folder.uploadfile", json!({"id": 1}))
        .await
        .result();
    assert_eq!(told["field"], "file");
    let address = told["uploadUrl"].as_str().unwrap();
    let sent = upload(&portal, address, "b.txt", "content").await;
    assert_eq!(
        (sent.status, &sent.result()["NAME"]),
        (200, &json!("b.txt"))
    );
    let inside = call(&portal, "disk.folder.getchildren", json!({"id": 1}))
        .await
        .result();
    let names: Vec<&Json> = inside
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["NAME"])
        .collect();
    assert!(names.contains(&&json!("b.txt")), "{names:?}");
    let id = sent.result()["ID"].clone();
    let file = call(&portal, "disk.file.get", json!({"id": id}))
        .await
        .result();
    let link = file["DOWNLOAD_URL"].as_str().unwrap();
    let link = link.strip_prefix("https://portal.test").unwrap();
    assert_eq!(fetch(&portal, link, &[]).await.body, "content");
    let forged = address.replace("upload%7C", "upload%7Cx");
    assert_eq!(upload(&portal, &forged, "c.txt", "c").await.status, 403);
    let empty = address.strip_prefix("https://portal.test").unwrap();
    assert_eq!(get(&portal, empty).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_attached_to_a_task_has_a_link_of_its_own() {
    let portal = portal(
        PortalConfig::unlimited()
            .starts_at_unix(NOON)
            .rows("user", 1)
            .address("https://portal.test")
            .file("a.txt", "0123"),
    );
    let fields =
        json!({"TITLE": "One", "RESPONSIBLE_ID": 1, "UF_TASK_WEBDAV_FILES": ["n2", "n99"]});
    let task = call(&portal, "tasks.task.add", json!({"fields": fields})).await;
    let task = task.result()["task"]["id"].clone();
    let select = json!({"taskId": task, "select": ["ID", "UF_TASK_WEBDAV_FILES"]});
    let read = call(&portal, "tasks.task.get", select).await.result();
    let attached = read["task"]["ufTaskWebdavFiles"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(attached.len(), 1);
    let shown = call(
        &portal,
        "disk.attachedobject.get",
        json!({"id": attached[0]}),
    )
    .await
    .result();
    assert_eq!(
        (&shown["OBJECT_ID"], &shown["ENTITY_ID"]),
        (&json!("2"), &task)
    );
    let link = shown["DOWNLOAD_URL"]
        .as_str()
        .unwrap()
        .strip_prefix("https://portal.test")
        .unwrap();
    assert_eq!(fetch(&portal, link, &[]).await.body, "0123");
    let more = call(
        &portal,
        "tasks.task.files.attach",
        json!({"taskId": task, "fileId": 2}),
    )
    .await;
    assert_ne!(more.result()["attachmentId"], attached[0]);
    for params in [
        json!({"taskId": task, "fileId": 99}),
        json!({"taskId": task}),
        json!({"taskId": 99, "fileId": 2}),
    ] {
        assert_eq!(
            call(&portal, "tasks.task.files.attach", params)
                .await
                .status,
            400
        );
    }
    let missing = call(&portal, "disk.attachedobject.get", json!({"id": 99})).await;
    assert_eq!(missing.json()["error"], "ERROR_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn the_record_of_a_call_may_come_after_its_name() {
    let portal = portal(
        PortalConfig::unlimited()
            .starts_at_unix(NOON)
            .rows("user", 1)
            .token(crate::AccessToken::new("t0ken", "app", 1))
            .address("https://portal.test"),
    );
    let as_app = async |method: &str, params: Json| {
        let address = format!("/rest/{method}?auth=t0ken");
        post(&portal, &address, "application/json", &params.to_string()).await
    };
    let begun = json!({"USER_ID": 1, "PHONE_NUMBER": "7", "TYPE": 1});
    let begun = as_app("telephony.externalcall.register", begun)
        .await
        .result();
    let id = begun["CALL_ID"].clone();
    let ended = json!({"USER_ID": 1, "CALL_ID": id, "DURATION": 5});
    as_app("telephony.externalcall.finish", ended).await;
    let named = json!({"CALL_ID": id, "FILENAME": "a.mp3"});
    let told = call(&portal, "telephony.externalcall.attachrecord", named)
        .await
        .result();
    assert_eq!(told["fieldName"], "file");
    let address = told["uploadUrl"].as_str().unwrap();
    let sent = upload(&portal, address, "a.mp3", "sound").await;
    assert!(sent.result()["FILE_ID"].is_u64(), "{}", sent.body);
    let unsaid = json!({"CALL_ID": id, "FILENAME": "a.mp3", "FILE_CONTENT": null});
    let told = call(&portal, "telephony.externalcall.attachrecord", unsaid).await;
    assert_eq!(told.result()["fieldName"], "file");
    let wrong = json!({"CALL_ID": id, "FILENAME": "a.mp3", "FILE_CONTENT": "?"});
    let refused = call(&portal, "telephony.externalcall.attachrecord", wrong).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (400, &json!("ERROR_CORE"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_not_a_browser_gets_the_page_of_the_server_in_front() {
    let portal = with_file();
    let heard = get(&portal, &link(&portal).await).await;
    assert_eq!(heard.status, 404);
    assert!(heard.body.contains("nginx"));
}

#[tokio::test(start_paused = true)]
async fn a_part_can_be_had_as_long_as_the_file_is_the_same() {
    let portal = with_file();
    let link = link(&portal).await;
    let etag = fetch(&portal, &link, &[]).await.header("etag").to_owned();
    for (range, status, body, said) in [
        ("bytes=4-", 206, "456789", "bytes 4-9/10"),
        ("bytes=0-0", 206, "0", "bytes 0-0/10"),
        ("bytes=8-99", 206, "89", "bytes 8-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=5-4", 416, "", "bytes */10"),
        ("bytes=x", 200, "0123456789", ""),
        ("bytes=18446744073709551615-", 416, "", "bytes */10"),
    ] {
        let heard = fetch(&portal, &link, &[("range", range), ("if-range", &etag)]).await;
        assert_eq!(
            (heard.status, heard.body.as_str()),
            (status, body),
            "{range}"
        );
        assert_eq!(heard.header("content-range"), said, "{range}");
    }
    let heard = fetch(
        &portal,
        &link,
        &[("range", "bytes=4-"), ("if-range", "\"x\"")],
    )
    .await;
    assert_eq!(heard.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_file_is_uploaded_as_a_pair_and_its_name_is_taken() {
    let portal = with_file();
    let params = json!({"id": 1, "data": {"NAME": "b.txt"}, "fileContent": ["x", "aGVsbG8="]});
    let file = call(&portal, "disk.folder.uploadfile", params.clone())
        .await
        .result();
    assert_eq!((&file["ID"], &file["SIZE"]), (&json!(3), &json!("5")));
    let link = file["DOWNLOAD_URL"].as_str().unwrap();
    assert_eq!(fetch(&portal, link, &[]).await.body, "hello");
    for (params, code) in [
        (params, "DISK_OBJ_22000"),
        (
            json!({"id": 9, "data": {"NAME": "c"}, "fileContent": "aGVsbG8="}),
            "ERROR_NOT_FOUND",
        ),
        (
            json!({"id": 1, "data": {"NAME": "c"}, "fileContent": "!!!"}),
            "ERROR_COULD_NOT_SAVE_FILE",
        ),
        (
            json!({"id": 1, "fileContent": "aGVsbG8="}),
            "DISK_BASE_SERVICE_22001",
        ),
        (json!({"fileContent": "aGVsbG8="}), "ERROR_ARGUMENT"),
    ] {
        let heard = call(&portal, "disk.folder.uploadfile", params).await;
        assert_eq!(heard.json()["error"], code);
    }
}

#[tokio::test(start_paused = true)]
async fn links_to_pages_of_the_portal_have_the_address_that_it_was_called_by() {
    let portal = portal(
        PortalConfig::unlimited()
            .starts_at_unix(NOON)
            .rows("user", 1)
            .address("https://portal.test"),
    );
    let pages = call(&portal, "voximplant.url.get", json!({}))
        .await
        .result();
    assert_eq!(
        pages["detail_statistics"],
        "https://portal.test/telephony/detail.php"
    );
    let paths = batch(&portal, json!({"a": "imopenlines.config.path.get"})).await;
    assert_eq!(
        paths["result"]["a"],
        json!({"SERVER_ADDRESS": "https://portal.test", "PUBLIC_PATH": "/contact_center/"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_a_method_returns_is_the_whole_reply() {
    let portal = portal(PortalConfig::unlimited().starts_at_unix(NOON));
    let picture = json!({"fileData": ["a b.png", "aGVsbG8="]});
    let fields = json!({"iblockId": 14, "name": "Product", "detailPicture": picture});
    let added = call(&portal, "catalog.product.add", json!({ "fields": fields })).await;
    let picture = added.result()["element"]["detailPicture"].clone();
    let url = picture["urlMachine"].as_str().unwrap();
    let address = url.replace("/rest/", "/rest/1/demo/");
    let file = get(&portal, &address).await;
    assert_eq!((file.status, file.body.as_str()), (200, "hello"));
    let disposition = file.header("content-disposition");
    assert!(
        disposition.starts_with("attachment; filename=\"a%20b.png\""),
        "{disposition}"
    );
    assert_eq!(file.header("content-type"), "application/octet-stream");
    let command = address.strip_prefix("/rest/1/demo/").unwrap();
    assert_eq!(
        batch(&portal, json!({ "a": command })).await["result"]["a"],
        json!(null)
    );
    let missing = get(
        &portal,
        "/rest/1/demo/catalog.product.download?fields[fileId]=1",
    )
    .await;
    assert_eq!(missing.status, 400);
}

/// `hello` in base64.
const HELLO: &str = "aGVsbG8=";

#[tokio::test(start_paused = true)]
async fn a_file_of_a_record_has_addresses_and_its_content_can_be_fetched() {
    let portal = with_file();
    let photo = json!({"fileData": ["p.png", HELLO]});
    let contact = json!({"fields": {"NAME": "Ann", "PHOTO": photo}});
    let id = call(&portal, "crm.contact.add", contact).await.result();
    let named = json!({"id": id});
    let contact = call(&portal, "crm.contact.get", named.clone())
        .await
        .result();
    let file = contact["PHOTO"]["id"].clone();
    assert_eq!(file, 1, "{contact}");
    let show = contact["PHOTO"]["showUrl"].as_str().unwrap();
    assert!(
        show.contains("fieldName=PHOTO") && show.ends_with("fileId=1"),
        "{show}"
    );
    assert_eq!(contact["PHOTO"]["downloadUrl"], "");
    let of_item = json!({"entityTypeId": 3, "id": id});
    let item = call(&portal, "crm.item.get", of_item.clone())
        .await
        .result();
    let machine = item["item"]["photo"]["urlMachine"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(item["item"]["photo"]["id"], 1);
    let link = machine.strip_prefix("https://portal.test").unwrap();
    let heard = fetch(&portal, link, &[]).await;
    assert_eq!((heard.status, heard.body.as_str()), (200, "hello"));
    assert!(heard.header("content-disposition").contains("p.png"));
    let list = json!({"entityTypeId": 3, "filter": {"id": id}});
    let list = call(&portal, "crm.item.list", list).await.result();
    assert_eq!(list["items"][0]["photo"]["urlMachine"], machine.as_str());
    let same = json!({"id": id, "fields": {"PHOTO": {"id": 1}, "NAME": "Eve"}});
    call(&portal, "crm.contact.update", same).await;
    assert_eq!(fetch(&portal, link, &[]).await.status, 200);
    let removed = json!({"id": id, "fields": {"PHOTO": {"id": 1, "remove": "Y"}}});
    call(&portal, "crm.contact.update", removed).await;
    let contact = call(&portal, "crm.contact.get", named).await.result();
    assert_eq!(contact["PHOTO"], Json::Null);
    assert_eq!(fetch(&portal, link, &[]).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn files_of_a_user_field_that_takes_several_are_kept_each() {
    let portal = with_file();
    let field = json!({"fields": {"FIELD_NAME": "SCANS", "USER_TYPE_ID": "file", "MULTIPLE": "Y"}});
    call(&portal, "crm.deal.userfield.add", field)
        .await
        .result();
    let scans = json!([{"fileData": ["a.txt", HELLO]}, {"fileData": ["b.txt", HELLO]}]);
    let deal = json!({"fields": {"TITLE": "a", "UF_CRM_SCANS": scans}});
    let id = call(&portal, "crm.deal.add", deal).await.result();
    let deal = call(&portal, "crm.deal.get", json!({"id": id}))
        .await
        .result();
    let ids = |deal: &Json| -> Vec<u64> {
        let files = deal["UF_CRM_SCANS"].as_array().unwrap().iter();
        files.map(|file| file["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids(&deal), [1, 2], "{deal}");
    let scans = json!([{"id": 2}, {"fileData": ["c.txt", HELLO]}]);
    let change = json!({"id": id, "fields": {"UF_CRM_SCANS": scans}});
    call(&portal, "crm.deal.update", change).await.result();
    let deal = call(&portal, "crm.deal.get", json!({"id": id}))
        .await
        .result();
    assert_eq!(ids(&deal), [2, 3], "{deal}");
}

#[tokio::test(start_paused = true)]
async fn files_of_a_comment_are_shown_by_their_numbers_and_can_be_fetched() {
    let portal = with_file();
    let lead = json!({"fields": {"TITLE": "a"}});
    let lead = call(&portal, "crm.lead.add", lead).await.result();
    let comment = json!({"fields": {
        "ENTITY_ID": lead, "ENTITY_TYPE": "lead", "COMMENT": "x", "FILES": [["n.txt", HELLO]]
    }});
    let id = call(&portal, "crm.timeline.comment.add", comment)
        .await
        .result();
    let comment = call(&portal, "crm.timeline.comment.get", json!({"id": id}))
        .await
        .result();
    let file = &comment["FILES"]["1"];
    assert_eq!(
        (&file["id"], &file["name"], &file["size"], &file["type"]),
        (&json!(1), &json!("n.txt"), &json!(5), &json!("file")),
        "{comment}"
    );
    let link = file["urlDownload"].as_str().unwrap();
    let link = link.strip_prefix("https://portal.test").unwrap();
    assert_eq!(fetch(&portal, link, &[]).await.body, "hello");
}
