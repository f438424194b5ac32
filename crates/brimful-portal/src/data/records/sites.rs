//! Sites: sites, their folders, pages, blocks of pages, and where knowledge bases are bound.

use super::{Answer, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling, method};

const MISSING: Refusal = Refusal {
    code: "MISSING_PARAMS",
    text: "Invalid parameters for the method call; missing: {}",
};

/// Templates of sites and pages that applications have registered.
pub(crate) const TEMPLATES: &str = "landing.demos";
/// Pictures that were uploaded for blocks.
pub(crate) const PICTURES: &str = "landing.picture";
/// What applications have added to the menus of blocks.
pub(crate) const BLOCK_WIDGETS: &str = "landing.repo.placement";
/// Applications whose widgets tell of all their faults.
pub(crate) const DEBUGGED_APPS: &str = "landing.repowidget.application";

const SITE: RecordKind = RecordKind {
    scope: "landing",
    required: MISSING,
    no_fields: Some(MISSING),
    unnamed: MISSING,
    ..OLDER
};

const NO_ACCESS: Refusal = Refusal {
    code: "ACCESS_DENIED",
    text: "Access denied",
};

const NO_PAGE: Refusal = Refusal {
    code: "LANDING_NOT_EXIST",
    text: "The page is not found, deleted, or unavailable to the current user.",
};

/// What a method that changes a block by more than its ID needs.
macro_rules! block_method {
    ($name:literal $(, $param:literal)*) => {
        method($name, RecordVerb::Update)
            .sets(&[])
            .id_param("block")
            .params(&[$(($param, MISSING)),*])
            .answers(Answer::True)
    };
}

/// A method that sets one field of a block.
macro_rules! block_state {
    ($name:literal, $field:literal, $value:literal) => {
        method($name, RecordVerb::Update)
            .sets(&[($field, $value)])
            .id_param("block")
            .answers(Answer::True)
    };
}

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "landing.site",
        methods: &[
            method("landing.site.add", RecordVerb::Add),
            method("landing.site.update", RecordVerb::Update).id_param("id"),
            method("landing.site.getlist", RecordVerb::List)
                .nested("params")
                .paged(RecordPaging::LimitOffset),
            method("landing.site.delete", RecordVerb::Delete),
            method("landing.site.markdelete", RecordVerb::Update)
                .sets(&[("DELETED", "\"Y\"")])
                .not_found(NO_ACCESS)
                .answers(Answer::Id),
            method("landing.site.markundelete", RecordVerb::Update)
                .sets(&[("DELETED", "\"N\"")])
                .not_found(NO_ACCESS)
                .answers(Answer::Id),
            method("landing.site.publication", RecordVerb::Update)
                .sets(&[("ACTIVE", "\"Y\"")])
                .not_found(NO_ACCESS)
                .answers(Answer::Id),
            method("landing.site.unpublic", RecordVerb::Update)
                .sets(&[("ACTIVE", "\"N\"")])
                .not_found(NO_ACCESS)
                .answers(Answer::Id),
            method("landing.site.getpreview", RecordVerb::Get)
                .not_found(NO_ACCESS)
                .answers(Answer::Template(r#""\/preview.jpg""#)),
            method("landing.site.getadditionalfields", RecordVerb::Get)
                .not_found(NO_ACCESS)
                .answers(Answer::Value("ADDITIONAL_FIELDS")),
            method("landing.site.getrights", RecordVerb::Get)
                .not_found(NO_ACCESS)
                .answers(Answer::Template(r#"["read","edit","sett"]"#)),
            method("landing.site.setrights", RecordVerb::Update)
                .sets(&[])
                .not_found(NO_ACCESS)
                .answers(Answer::True),
        ],
        not_found: Refusal {
            code: "SITE_NOT_FOUND",
            text: "Site not found",
        },
        ..SITE
    },
    RecordKind {
        name: "landing.folder",
        methods: &[
            method("landing.site.addfolder", RecordVerb::Add),
            method("landing.site.updatefolder", RecordVerb::Update)
                .id_param("folderId"),
            method("landing.site.getfolders", RecordVerb::List)
                .params(&[("siteId", MISSING)])
                .narrowed_by(&[("siteId", "SITE_ID")])
                .paged(RecordPaging::Whole),
            method("landing.site.markfolderdelete", RecordVerb::Update)
                .sets(&[("DELETED", "\"Y\"")]),
            method("landing.site.markfolderundelete", RecordVerb::Update)
                .sets(&[("DELETED", "\"N\"")]),
            method("landing.site.publicationfolder", RecordVerb::Update)
                .sets(&[("ACTIVE", "\"Y\"")])
                .id_param("folderId"),
            method("landing.site.unpublicfolder", RecordVerb::Update)
                .sets(&[("ACTIVE", "\"N\"")])
                .id_param("folderId"),
        ],
        outer_fields: &["SITE_ID"],
        not_found: NO_ACCESS,
        ..SITE
    },
    RecordKind {
        name: "landing.landing",
        methods: &[
            method("landing.landing.add", RecordVerb::Add),
            method("landing.landing.update", RecordVerb::Update).id_param("lid"),
            method("landing.landing.getlist", RecordVerb::List)
                .nested("params")
                .paged(RecordPaging::LimitOffset),
            method("landing.landing.delete", RecordVerb::Delete).id_param("lid"),
            method("landing.landing.markdelete", RecordVerb::Update)
                .sets(&[("DELETED", "\"Y\"")])
                .id_param("lid")
                .not_found(NO_ACCESS)
                .answers(Answer::Id),
            method("landing.landing.markundelete", RecordVerb::Update)
                .sets(&[("DELETED", "\"N\"")])
                .id_param("lid")
                .not_found(NO_ACCESS)
                .answers(Answer::Id),
            method("landing.landing.publication", RecordVerb::Update)
                .sets(&[("ACTIVE", "\"Y\"")])
                .id_param("lid"),
            method("landing.landing.unpublic", RecordVerb::Update)
                .sets(&[("ACTIVE", "\"N\"")])
                .id_param("lid"),
            method("landing.landing.removeentities", RecordVerb::Update)
                .sets(&[])
                .params(&[("data", MISSING)])
                .id_param("lid"),
            method("landing.landing.getadditionalfields", RecordVerb::Get)
                .id_param("lid")
                .answers(Answer::Value("ADDITIONAL_FIELDS")),
            method("landing.landing.getpreview", RecordVerb::Get)
                .id_param("lid")
                .answers(Answer::Template(
                    r#""https:\/\/site{SITE_ID}.bitrix24.site\/preview.jpg""#,
                )),
            method("landing.landing.getpublicurl", RecordVerb::Get)
                .id_param("lid")
                .answers(Answer::Template(
                    r#""https:\/\/site{SITE_ID}.bitrix24.site\/{ID}\/""#,
                )),
        ],
        not_found: NO_PAGE,
        ..SITE
    },
    RecordKind {
        name: "landing.block",
        methods: &[
            method("landing.landing.addblock", RecordVerb::Add),
            method("landing.block.getlist", RecordVerb::List).paged(RecordPaging::Whole),
            method("landing.block.getcontent", RecordVerb::Get)
                .id_param("block")
                .answers(Answer::Template(
                    r#"{"id":{id},"sections":"","active":{active},"access":"X","anchor":"{anchor}","php":false,"designed":false,"repoId":null,"content":"{content}","content_ext":"","css":[],"js":[],"assetStrings":[],"lang":[],"manifest":{},"dynamicParams":[]}"#,
                )),
            method("landing.landing.deleteblock", RecordVerb::Delete).id_param("block"),
            block_method!("landing.landing.downblock"),
            block_state!("landing.landing.markdeletedblock", "deleted", "true"),
            block_state!("landing.landing.markundeletedblock", "deleted", "false"),
            block_state!("landing.landing.showblock", "active", "true"),
            block_state!("landing.landing.hideblock", "active", "false"),
            block_method!("landing.landing.upblock"),
            block_method!("landing.block.addcard", "selector", "content"),
            block_method!("landing.block.clonecard", "selector"),
            block_method!("landing.block.removecard", "selector"),
            block_method!("landing.block.changenodename", "data"),
            block_method!("landing.block.updatecards", "data"),
            block_method!("landing.block.updatestyles", "data"),
            block_method!("landing.block.updateattrs", "data"),
            block_method!("landing.block.updatenodes", "data"),
            block_method!("landing.block.changeanchor", "data"),
            method("landing.block.updatecontent", RecordVerb::Update)
                .flat()
                .id_param("block")
                .params(&[("content", MISSING)]),
        ],
        id: "id",
        key: &["id"],
        spelling: Spelling::Typed,
        parent_fields: &["lid"],
        parent: Some(("landing.landing", NO_PAGE)),
        not_found: Refusal {
            code: "BLOCK_NOT_FOUND",
            text: "Block not found",
        },
        ..SITE
    },
    RecordKind {
        name: "landing.binding.group",
        methods: &[
            method("landing.site.bindingtogroup", RecordVerb::Put)
                .flat()
                .answers(Answer::True),
            method("landing.site.unbindingfromgroup", RecordVerb::Delete).flat(),
            method("landing.site.getgroupbindings", RecordVerb::List)
                .narrowed_by(&[("groupId", "BINDING_ID")])
                .paged(RecordPaging::Whole),
        ],
        key: &["ENTITY_ID", "BINDING_ID"],
        not_found: NO_ACCESS,
        ..SITE
    },
    RecordKind {
        name: "landing.binding.menu",
        methods: &[
            method("landing.site.bindingtomenu", RecordVerb::Put)
                .flat()
                .answers(Answer::True),
            method("landing.site.unbindingfrommenu", RecordVerb::Delete).flat(),
            method("landing.site.getmenubindings", RecordVerb::List)
                .narrowed_by(&[("menuCode", "BINDING_ID")])
                .paged(RecordPaging::Whole),
        ],
        key: &["ENTITY_ID", "BINDING_ID"],
        not_found: NO_ACCESS,
        ..SITE
    },
    // `methods/landing_templates.rs` and `methods/landing_blocks.rs` have the methods of these.
    RecordKind {
        name: TEMPLATES,
        methods: &[method("landing.demos.getlist", RecordVerb::List)
            .nested("params")
            .paged(RecordPaging::LimitOffset)],
        ..SITE
    },
    RecordKind {
        name: PICTURES,
        id: "id",
        key: &["id"],
        spelling: Spelling::Typed,
        ..SITE
    },
    RecordKind {
        name: BLOCK_WIDGETS,
        ..SITE
    },
    RecordKind {
        name: DEBUGGED_APPS,
        key: &["application"],
        spelling: Spelling::Typed,
        ..SITE
    },
];
