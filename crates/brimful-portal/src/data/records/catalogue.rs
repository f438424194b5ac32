//! Parts of the catalogue beside products: images, properties by sections, contractors of documents.

use super::{
    Answer, CONTROLLER, ExtraFields, MISSING_PARAMETER, RecordKind, RecordPaging, RecordVerb,
    Refusal, method,
};

/// The files of products and stores.
pub(crate) const FILES: &str = "catalog.file";

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: FILES,
        scope: "catalog",
        // `methods/catalogue_files.rs` writes and reads them.
        methods: &[],
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.productimage",
        scope: "catalog",
        outer_fields: &["fileContent"],
        methods: &[
            method("catalog.productimage.get", RecordVerb::Get)
                .answers(Answer::Under("productImage")),
            method("catalog.productimage.list", RecordVerb::List)
                .params(&[("productId", MISSING_PARAMETER)])
                .answers(Answer::Under("productImages"))
                .paged(RecordPaging::Controller),
            method("catalog.productimage.add", RecordVerb::Add)
                .answers(Answer::Under("productImage")),
            method("catalog.productimage.delete", RecordVerb::Delete),
            method("catalog.productimage.getfields", RecordVerb::Fields)
                .answers(Answer::Under("productImage")),
        ],
        not_found: Refusal {
            code: "200040300010",
            text: "Image not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.productpropertysection",
        scope: "catalog",
        outer_fields: &["propertyId"],
        methods: &[
            method("catalog.productpropertysection.get", RecordVerb::Get)
                .id_param("propertyId")
                .answers(Answer::Under("productPropertySection")),
            method("catalog.productpropertysection.list", RecordVerb::List)
                .answers(Answer::Under("productPropertySections"))
                .paged(RecordPaging::Controller),
            method("catalog.productpropertysection.set", RecordVerb::Put)
                .answers(Answer::Under("productPropertySection")),
        ],
        id: "number",
        key: &["propertyId"],
        not_found: Refusal {
            code: "0",
            text: "Section property settings not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.documentcontractor",
        scope: "catalog",
        methods: &[
            method("catalog.documentcontractor.list", RecordVerb::List)
                .answers(Answer::Under("documentContractor"))
                .paged(RecordPaging::Controller),
            method("catalog.documentcontractor.add", RecordVerb::Add)
                .answers(Answer::Under("documentContractor")),
            method("catalog.documentcontractor.delete", RecordVerb::Delete),
            method("catalog.documentcontractor.getfields", RecordVerb::Fields)
                .answers(Answer::Under("documentContractor")),
        ],
        not_found: Refusal {
            code: "0",
            text: "Binding was not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.userfield.document",
        scope: "catalog",
        methods: &[
            method("catalog.userfield.document.update", RecordVerb::Update)
                .id_param("documentId")
                .answers(Answer::Under("document")),
            method("catalog.userfield.document.list", RecordVerb::List)
                .answers(Answer::Under("documents"))
                .paged(RecordPaging::Controller),
        ],
        extra_fields: ExtraFields::Yes,
        id: "number",
        key: &["documentId"],
        ..CONTROLLER
    },
];
