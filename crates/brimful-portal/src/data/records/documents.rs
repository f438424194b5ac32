//! The document generator: templates, and the documents that are made of them.

use super::{
    Answer, CONTROLLER, MISSING_PARAMETER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling,
    method,
};

const NO_TEMPLATE: Refusal = Refusal {
    code: "0",
    text: "Template not found",
};

const NO_DOCUMENT: Refusal = Refusal {
    code: "0",
    text: "Document not found",
};

const TEMPLATE: RecordKind = RecordKind {
    spelling: Spelling::Texts,
    required: Refusal {
        code: "0",
        text: "Empty required fields: {}",
    },
    not_found: NO_TEMPLATE,
    ..CONTROLLER
};

const DOCUMENT: RecordKind = RecordKind {
    required: MISSING_PARAMETER,
    not_found: NO_DOCUMENT,
    ..CONTROLLER
};

macro_rules! template_methods {
    ($branch:literal) => {
        &[
            method(concat!($branch, ".add"), RecordVerb::Add).answers(Answer::Under("template")),
            method(concat!($branch, ".get"), RecordVerb::Get).answers(Answer::Under("template")),
            method(concat!($branch, ".list"), RecordVerb::List)
                .answers(Answer::ById("templates"))
                .paged(RecordPaging::Controller),
            method(concat!($branch, ".update"), RecordVerb::Update)
                .answers(Answer::Under("template")),
            method(concat!($branch, ".delete"), RecordVerb::Delete).answers(Answer::Null),
            method(concat!($branch, ".getfields"), RecordVerb::Get).answers(Answer::Template(
                concat!(
                    r#"{"templateFields":{"DocumentNumber":{"title":"Номер","value":"1","required":"Y","#,
                    r#""group":["Документ"],"chain":"this.DOCUMENT.DOCUMENT_NUMBER","default":"1"},"#,
                    r#""DocumentTitle":{"title":"Название документа","value":"{name} 1","group":["Документ"],"#,
                    r#""chain":[{},"getTitle"],"required":"Y","default":"{name} 1"}}}"#
                ),
            )),
        ]
    };
}

macro_rules! document_methods {
    ($branch:literal) => {
        &[
            method(concat!($branch, ".add"), RecordVerb::Add)
                .flat()
                .answers(Answer::Under("document")),
            method(concat!($branch, ".get"), RecordVerb::Get).answers(Answer::Under("document")),
            method(concat!($branch, ".list"), RecordVerb::List)
                .answers(Answer::Under("documents"))
                .paged(RecordPaging::Controller),
            method(concat!($branch, ".update"), RecordVerb::Update)
                .flat()
                .answers(Answer::Under("document")),
            method(concat!($branch, ".delete"), RecordVerb::Delete).answers(Answer::Null),
            method(concat!($branch, ".enablepublicurl"), RecordVerb::Update)
                .sets(&[])
                .answers(Answer::Template(r#"{"publicUrl":"portal:\/~doc{id}"}"#)),
            method(concat!($branch, ".getfields"), RecordVerb::Get).answers(Answer::Template(
                concat!(
                    r#"{"documentFields":{"DocumentNumber":{"title":"Номер","value":"{number}","required":"Y","#,
                    r#""group":["Документ"],"chain":"this.DOCUMENT.DOCUMENT_NUMBER","default":"{number}"},"#,
                    r#""DocumentTitle":{"title":"Название документа","value":"{title}","group":["Документ"],"#,
                    r#""chain":[{},"getTitle"],"required":"Y","default":"{title}"}}}"#
                ),
            )),
        ]
    };
}

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "documentgenerator.template",
        scope: "documentgenerator",
        methods: template_methods!("documentgenerator.template"),
        ..TEMPLATE
    },
    RecordKind {
        name: "crm.documentgenerator.template",
        scope: "crm",
        methods: template_methods!("crm.documentgenerator.template"),
        ..TEMPLATE
    },
    RecordKind {
        name: "documentgenerator.document",
        scope: "documentgenerator",
        methods: document_methods!("documentgenerator.document"),
        refusals_by_field: &[
            (
                "value",
                Refusal {
                    code: "0",
                    text: "Empty required parameter \"value\"",
                },
            ),
            (
                "templateId",
                Refusal {
                    code: "100",
                    text: "Bitrix\\DocumentGenerator\\Template constructor must be is public",
                },
            ),
        ],
        unnamed: Refusal {
            code: "100",
            text: "Bitrix\\DocumentGenerator\\Document constructor must be is public",
        },
        ..DOCUMENT
    },
    RecordKind {
        name: "crm.documentgenerator.document",
        scope: "crm",
        methods: document_methods!("crm.documentgenerator.document"),
        ..DOCUMENT
    },
];
