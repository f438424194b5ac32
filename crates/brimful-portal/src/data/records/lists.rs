//! Universal lists: the lists, their sections and elements.

use super::{ExtraFields, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, method};

/// How a list that is not there is refused.
const NO_LIST: Refusal = Refusal {
    code: "ERROR_IBLOCK_NOT_FOUND",
    text: "Iblock not found",
};

/// How a call without a parameter is refused.
const NO_PARAMETER: Refusal = Refusal {
    code: "ERROR_REQUIRED_PARAMETERS_MISSING",
    text: "Required parameter `{}` is missing",
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "lists",
        scope: "lists",
        outer_fields: &["IBLOCK_TYPE_ID", "CODE"],
        methods: &[
            method("lists.add", RecordVerb::Add).fields_param("FIELDS"),
            method("lists.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("IBLOCK_ID"),
            method("lists.delete", RecordVerb::Delete).id_param("IBLOCK_ID"),
            method("lists.get", RecordVerb::List)
                .params(&[("IBLOCK_TYPE_ID", NO_PARAMETER)])
                .sorted_by("IBLOCK_ORDER")
                .narrowed_by(&[
                    ("IBLOCK_TYPE_ID", "IBLOCK_TYPE_ID"),
                    ("IBLOCK_ID", "ID"),
                    ("IBLOCK_CODE", "CODE"),
                ]),
        ],
        not_found: NO_LIST,
        no_fields: Some(NO_PARAMETER),
        unnamed: NO_PARAMETER,
        required: NO_PARAMETER,
        ..OLDER
    },
    RecordKind {
        name: "lists.element",
        scope: "lists",
        parent_fields: &["IBLOCK_ID"],
        outer_fields: &["CODE", "IBLOCK_SECTION_ID"],
        extra_fields: ExtraFields::Properties,
        parent: Some(("lists", NO_LIST)),
        methods: &[
            method("lists.element.add", RecordVerb::Add).fields_param("FIELDS"),
            method("lists.element.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("ELEMENT_ID"),
            method("lists.element.delete", RecordVerb::Delete).id_param("ELEMENT_ID"),
            method("lists.element.get", RecordVerb::List)
                .sorted_by("ELEMENT_ORDER")
                .narrowed_by(&[("ELEMENT_ID", "ID"), ("ELEMENT_CODE", "CODE")]),
        ],
        not_found: Refusal {
            code: "ERROR_ELEMENT_NOT_FOUND",
            text: "Element not found",
        },
        no_fields: Some(NO_PARAMETER),
        unnamed: NO_PARAMETER,
        required: NO_PARAMETER,
        ..OLDER
    },
    RecordKind {
        name: "lists.section",
        scope: "lists",
        parent_fields: &["IBLOCK_ID"],
        outer_fields: &["CODE", "IBLOCK_SECTION_ID"],
        parent: Some(("lists", NO_LIST)),
        methods: &[
            method("lists.section.add", RecordVerb::Add).fields_param("FIELDS"),
            method("lists.section.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("SECTION_ID"),
            method("lists.section.delete", RecordVerb::Delete).id_param("SECTION_ID"),
            method("lists.section.get", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "ERROR_SECTION_NOT_FOUND",
            text: "Section not found",
        },
        no_fields: Some(NO_PARAMETER),
        unnamed: NO_PARAMETER,
        required: NO_PARAMETER,
        ..OLDER
    },
];
