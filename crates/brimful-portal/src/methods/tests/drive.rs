//! The drive: storages, folders, files and their versions.

use super::Portal;

fn upload(portal: &mut Portal, folder: u64, name: &str) -> u64 {
    let call = format!("id={folder}&data[NAME]={name}&fileContent[0]=x&fileContent[1]=aGVsbG8=");
    let file = portal.json("disk.folder.uploadFile", &call);
    file["ID"].as_u64().unwrap()
}

fn add_folder(portal: &mut Portal, parent: u64, name: &str) -> u64 {
    let folder = portal.json(
        "disk.folder.addSubFolder",
        &format!("id={parent}&data[NAME]={name}"),
    );
    folder["ID"].as_u64().unwrap()
}

fn names(portal: &mut Portal, folder: u64) -> Vec<String> {
    let rows = portal.json("disk.folder.getChildren", &format!("id={folder}"));
    let name = |row: &serde_json::Value| row["NAME"].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn an_uploaded_file_is_listed_in_its_folder_and_in_no_other() {
    let mut portal = Portal::with(&[]);
    let folder = add_folder(&mut portal, 1, "in");
    let file = upload(&mut portal, folder, "a.txt");
    assert_eq!(names(&mut portal, folder), ["a.txt"]);
    assert_eq!(names(&mut portal, 1), ["in"]);
    let read = portal.json("disk.file.get", &format!("id={file}"));
    assert_eq!(read["ID"], file.to_string());
    assert_eq!(
        (&read["TYPE"], &read["SIZE"]),
        (&"file".into(), &"5".into())
    );
    assert_eq!(read["PARENT_ID"], folder.to_string());
    assert!(read.get("REAL_OBJECT_ID").is_none());
}

#[test]
fn a_folder_is_copied_with_what_is_in_it() {
    let mut portal = Portal::with(&[]);
    let from = add_folder(&mut portal, 1, "from");
    let to = add_folder(&mut portal, 1, "to");
    upload(&mut portal, from, "a.txt");
    let copied = portal.json(
        "disk.folder.copyTo",
        &format!("id={from}&targetFolderId={to}"),
    );
    assert_eq!(copied["PARENT_ID"], to.to_string());
    assert_eq!(
        names(&mut portal, copied["ID"].as_u64().unwrap()),
        ["a.txt"]
    );
    let again = portal.error(
        "disk.folder.copyTo",
        &format!("id={from}&targetFolderId={to}"),
    );
    assert_eq!(again.1, "DISK_OBJ_22000");
    let circle = portal.json(
        "disk.folder.moveTo",
        &format!("id={to}&targetFolderId={}", copied["ID"]),
    );
    assert_eq!(circle, false);
}

#[test]
fn what_is_in_the_recycle_bin_is_not_listed_until_it_is_restored() {
    let mut portal = Portal::with(&[]);
    let file = upload(&mut portal, 1, "a.txt");
    let deleted = portal.json("disk.file.markDeleted", &format!("id={file}"));
    assert_eq!(
        (&deleted["DELETED_TYPE"], &deleted["DELETED_BY"]),
        (&3.into(), &"1".into())
    );
    assert!(names(&mut portal, 1).is_empty());
    assert_eq!(
        portal.ids("disk.folder.getChildren", "id=1&filter[DELETED_TYPE]=3"),
        [file]
    );
    portal.json("disk.file.restore", &format!("id={file}"));
    assert_eq!(names(&mut portal, 1), ["a.txt"]);
    assert_eq!(portal.json("disk.file.delete", &format!("id={file}")), true);
    assert_eq!(
        portal.error("disk.file.get", &format!("id={file}")),
        (
            400,
            "ERROR_NOT_FOUND".to_owned(),
            format!("Could not find entity with id `{file}`")
        )
    );
}

#[test]
fn a_tree_is_deleted_whole_and_the_root_is_not() {
    let mut portal = Portal::with(&[]);
    let outer = add_folder(&mut portal, 1, "outer");
    let inner = add_folder(&mut portal, outer, "inner");
    let file = upload(&mut portal, inner, "a.txt");
    portal.json("disk.folder.deleteTree", &format!("id={outer}"));
    for (method, id) in [("disk.folder.get", inner), ("disk.file.get", file)] {
        assert_eq!(
            portal.error(method, &format!("id={id}")).1,
            "ERROR_NOT_FOUND"
        );
    }
    let (_, code, text) = portal.error("disk.folder.deleteTree", "id=1");
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("DISK_OBJ_22000", "Could not delete root folder")
    );
}

#[test]
fn versions_of_a_file_are_kept_and_one_can_be_restored() {
    let mut portal = Portal::with(&[]);
    let file = upload(&mut portal, 1, "a.txt");
    let changed = portal.json(
        "disk.file.uploadVersion",
        &format!("id={file}&fileContent[0]=x&fileContent[1]=aGVsbG8h"),
    );
    assert_eq!(
        (&changed["GLOBAL_CONTENT_VERSION"], &changed["SIZE"]),
        (&2.into(), &"6".into())
    );
    let versions = portal.json("disk.file.getVersions", &format!("id={file}"));
    let sizes: Vec<&str> = versions
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["SIZE"].as_str().unwrap())
        .collect();
    assert_eq!(sizes, ["6", "5"]);
    let first = versions[1]["ID"].as_str().unwrap();
    let restored = portal.json(
        "disk.file.restoreFromVersion",
        &format!("id={file}&versionId={first}"),
    );
    assert_eq!(
        (&restored["GLOBAL_CONTENT_VERSION"], &restored["SIZE"]),
        (&3.into(), &"5".into())
    );
    let other = upload(&mut portal, 1, "b.txt");
    assert_eq!(
        portal
            .error(
                "disk.file.restoreFromVersion",
                &format!("id={other}&versionId={first}")
            )
            .1,
        "DISK_FILE_22004"
    );
}

#[test]
fn a_unique_name_is_made_where_the_call_asks_for_it() {
    let mut portal = Portal::with(&[]);
    upload(&mut portal, 1, "a.txt");
    let again = "id=1&data[NAME]=a.txt&fileContent[0]=x&fileContent[1]=aGVsbG8=";
    assert_eq!(
        portal.error("disk.folder.uploadFile", again).1,
        "DISK_OBJ_22000"
    );
    let file = portal.json(
        "disk.folder.uploadFile",
        &format!("{again}&generateUniqueName=true"),
    );
    assert_eq!(file["NAME"], "a (1).txt");
}

#[test]
fn storages_are_those_of_all_users_of_the_caller_and_of_the_application() {
    let mut portal = Portal::with(&[]);
    let mine = portal.json("disk.storage.getList", "filter[ENTITY_TYPE]=user");
    assert_eq!(mine[0]["ENTITY_ID"], "1");
    let id = mine[0]["ID"].as_str().unwrap();
    portal.json("disk.storage.addFolder", &format!("id={id}&data[NAME]=in"));
    let rows = portal.json("disk.storage.getChildren", &format!("id={id}"));
    assert_eq!(
        (&rows[0]["NAME"], &rows[0]["STORAGE_ID"]),
        (&"in".into(), &id.into())
    );
    assert!(names(&mut portal, 1).is_empty());
    let own = portal.json("disk.storage.getForApp", "");
    let renamed = portal.json(
        "disk.storage.rename",
        &format!("id={}&newName=app", own["ID"].as_str().unwrap()),
    );
    assert_eq!(renamed["NAME"], "app");
    let (_, code, text) = portal.error("disk.storage.rename", "id=1&newName=x");
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("", "Access denied (invalid type of storage)")
    );
    assert_eq!(
        portal.error("disk.storage.get", "id=99").1,
        "ERROR_NOT_FOUND"
    );
}

#[test]
fn files_are_searched_by_a_part_of_their_names() {
    let mut portal = Portal::with(&[]);
    let file = upload(&mut portal, 1, "Report.pdf");
    add_folder(&mut portal, 1, "reports");
    let found = portal.json("disk.file.search", "QUERY=report&TYPE=file");
    assert_eq!(found[0]["ID"], file.to_string());
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        portal.error("disk.file.search", "QUERY=ab").1,
        "INVALID_QUERY"
    );
    assert_eq!(
        portal.error("disk.file.search", "QUERY=abc&TYPE=x").1,
        "INVALID_TYPE"
    );
}
