//! Pages of sites and their blocks, copied, moved, saved and found.

use super::Portal;

/// A portal with two sites and a page with two blocks.
fn portal() -> Portal {
    let mut portal = Portal::with(&[]);
    for site in ["one", "two"] {
        portal.json(
            "landing.site.add",
            &format!("fields[TITLE]={site}&fields[CODE]={site}"),
        );
    }
    portal.json(
        "landing.landing.add",
        "fields[TITLE]=Sale&fields[CODE]=sale&fields[SITE_ID]=1",
    );
    for content in ["a", "b"] {
        let block = format!("lid=1&fields[CODE]=text&fields[CONTENT]={content}");
        portal.json("landing.landing.addblock", &block);
    }
    portal
}

#[test]
fn a_page_is_copied_with_its_blocks_and_moved_to_another_site() {
    portal().steps(&[
        ("landing.landing.copy", "", "!MISSING_PARAMS"),
        (
            "landing.landing.copy",
            "lid=9",
            "!LANDING_NOT_EXIST Landing not found",
        ),
        (
            "landing.landing.copy",
            "lid=1&toSiteId=9",
            "!SITE_NOT_FOUND",
        ),
        ("landing.landing.copy", "lid=1&toSiteId=2", "2"),
        (
            "landing.block.getlist",
            "lid=2",
            r#"[{"id":3,"lid":2},{"id":4,"lid":2}]"#,
        ),
        (
            "landing.landing.resolveIdByPublicUrl",
            "landingUrl=/sale/&siteId=2",
            "2",
        ),
        (
            "landing.landing.move",
            "lid=1&toFolderId=7",
            "!FOLDER_NOT_FOUND Folder not found",
        ),
        ("landing.landing.move", "lid=2&toSiteId=1", "true"),
        (
            "landing.landing.resolveIdByPublicUrl",
            "landingUrl=/sale/&siteId=2",
            "null",
        ),
        (
            "landing.landing.resolveIdByPublicUrl",
            "",
            "!MISSING_PARAMS Not enough call parameters, missing: landingUrl, siteId",
        ),
    ]);
}

#[test]
fn a_block_is_copied_moved_and_read_alone() {
    let mut portal = portal();
    portal.json("landing.landing.copy", "lid=1&toSiteId=2");
    portal.steps(&[
        (
            "landing.landing.copyblock",
            "lid=2&block=9",
            "!BLOCK_NOT_FOUND Block not found in the landing",
        ),
        ("landing.landing.copyblock", "lid=2&block=1", "5"),
        (
            "landing.landing.copyblock",
            "lid=2&block=1&params[RETURN_CONTENT]=Y",
            r#"{"result":true,"content":{"id":6,"content":"a"}}"#,
        ),
        ("landing.landing.moveblock", "lid=2&block=2", "2"),
        ("landing.block.getlist", "lid=1", r#"[{"id":1}]"#),
        (
            "landing.block.getbyid",
            "block=2",
            r#"{"id":2,"lid":2,"code":"text","active":true}"#,
        ),
        (
            "landing.block.getbyid",
            "block=2&params[get_content]=1",
            r#"{"content":"b","css":[],"js":[]}"#,
        ),
        ("landing.landing.markdeletedblock", "lid=2&block=2", "true"),
        (
            "landing.block.getbyid",
            "block=2",
            "!BLOCK_NOT_FOUND Block not found",
        ),
        (
            "landing.block.getbyid",
            "block=2&params[deleted]=1",
            r#"{"id":2}"#,
        ),
    ]);
    let alone = portal.json("landing.block.getbyid", "block=1");
    assert!(alone.get("content").is_none());
}

#[test]
fn a_block_is_saved_for_other_pages_and_deleted_again() {
    portal().steps(&[
        (
            "landing.landing.favoriteBlock",
            "lid=9&block=1",
            "!LANDING_NOT_EXIST",
        ),
        (
            "landing.landing.favoriteBlock",
            "lid=1&block=1&meta[name]=Mine",
            "3",
        ),
        (
            "landing.block.getbyid",
            "block=3",
            r#"{"name":"Mine","code":"text"}"#,
        ),
        ("landing.block.getlist", "lid=1", r#"[{"id":1},{"id":2}]"#),
        (
            "landing.landing.unFavoriteBlock",
            "blockId=1",
            "!BLOCK_NOT_FOUND",
        ),
        ("landing.landing.unFavoriteBlock", "blockId=3", "true"),
        ("landing.block.getbyid", "block=3", "!BLOCK_NOT_FOUND"),
    ]);
}

#[test]
fn registered_blocks_have_content_and_dangerous_content_is_marked() {
    let mut portal = portal();
    portal.json(
        "landing.repo.register",
        "code=mine&fields[NAME]=Mine&fields[CONTENT]=hello",
    );
    portal.steps(&[
        (
            "landing.block.getContentFromRepository",
            "code=repo_1",
            r#""hello""#,
        ),
        (
            "landing.block.getContentFromRepository",
            "code=unknown",
            r#""""#,
        ),
        (
            "landing.block.getContentFromRepository",
            "",
            "!MISSING_PARAMS",
        ),
        (
            "landing.repo.checkContent",
            "content=<b onclick%3D\"x\"><iframe></iframe>once&splitter=/!/",
            r#"{"is_bad":true,"content":"<b oncl/!/ick=\"x\"><ifr/!/ame></iframe>once"}"#,
        ),
        (
            "landing.repo.checkContent",
            "content=<b>good</b>",
            r#"{"is_bad":false,"content":"<b>good</b>"}"#,
        ),
        ("landing.repo.checkContent", "", "!MISSING_PARAMS"),
        (
            "landing.block.getRepository",
            "section=text",
            r#"{"name":"Текст"}"#,
        ),
        ("landing.block.getRepository", "section=nope", "false"),
    ]);
}
