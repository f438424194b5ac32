//! Parts of the online shop beside orders: statuses, shipments, properties, cash registers, deliveries, payment systems.

use super::{
    Answer, CONTROLLER, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling, method,
};

/// What an application registers in the shop: older methods, which check little.
const SHOP: RecordKind = RecordKind {
    unnamed: NO_PARAMETER,
    required: NO_PARAMETER,
    ..OLDER
};

/// The same where numbers are numbers.
const TYPED_SHOP: RecordKind = RecordKind {
    spelling: Spelling::Typed,
    ..SHOP
};

const NO_PARAMETER: Refusal = Refusal {
    code: "ERROR_CHECK_FAILURE",
    text: "Parameter {} is not defined",
};

/// Fields that properties of one type alone have.
pub(super) const FIELDS_OF_TYPES: &[(&str, &str)] = &[
    ("isAddress", "STRING"),
    ("isEmail", "STRING"),
    ("isPayer", "STRING"),
    ("isPhone", "STRING"),
    ("isProfileName", "STRING"),
    ("isZip", "STRING"),
    ("isLocation", "LOCATION"),
    ("isLocation4tax", "LOCATION"),
    ("inputFieldLocation", "LOCATION"),
    ("isAddressFrom", "ADDRESS"),
    ("isAddressTo", "ADDRESS"),
];

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "sale.status",
        scope: "sale",
        methods: &[
            method("sale.status.get", RecordVerb::Get).answers(Answer::Under("status")),
            method("sale.status.list", RecordVerb::List)
                .answers(Answer::Under("statuses"))
                .paged(RecordPaging::Controller),
            method("sale.status.add", RecordVerb::Add).answers(Answer::Under("status")),
            method("sale.status.update", RecordVerb::Update).answers(Answer::Under("status")),
            method("sale.status.delete", RecordVerb::Delete),
            method("sale.status.getfields", RecordVerb::Fields).answers(Answer::Under("status")),
        ],
        id: "number",
        key: &["id"],
        not_found: Refusal {
            code: "201140400001",
            text: "status is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.statuslang",
        scope: "sale",
        methods: &[
            method("sale.statuslang.list", RecordVerb::List)
                .answers(Answer::Under("statusLangs"))
                .paged(RecordPaging::Controller),
            method("sale.statuslang.add", RecordVerb::Add).answers(Answer::Under("statusLang")),
            method("sale.statuslang.deletebyfilter", RecordVerb::Delete),
            method("sale.statuslang.getfields", RecordVerb::Fields)
                .answers(Answer::Under("statusLang")),
        ],
        id: "number",
        key: &["statusId", "lid"],
        not_found: Refusal {
            code: "201150400001",
            text: "status lang is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.shipment",
        scope: "sale",
        methods: &[
            method("sale.shipment.get", RecordVerb::Get).answers(Answer::Under("shipment")),
            method("sale.shipment.list", RecordVerb::List)
                .answers(Answer::Under("shipments"))
                .paged(RecordPaging::Controller),
            method("sale.shipment.add", RecordVerb::Add).answers(Answer::Under("shipment")),
            method("sale.shipment.update", RecordVerb::Update).answers(Answer::Under("shipment")),
            method("sale.shipment.delete", RecordVerb::Delete),
            method("sale.shipment.getfields", RecordVerb::Fields)
                .answers(Answer::Under("shipment")),
        ],
        not_found: Refusal {
            code: "201240400003",
            text: "shipment is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.shipmentproperty",
        scope: "sale",
        methods: &[
            method("sale.shipmentproperty.get", RecordVerb::Get).answers(Answer::Under("property")),
            method("sale.shipmentproperty.list", RecordVerb::List)
                .answers(Answer::Under("properties"))
                .paged(RecordPaging::Controller),
            method("sale.shipmentproperty.getfieldsbytype", RecordVerb::Fields)
                .needs("type")
                .described_for(FIELDS_OF_TYPES)
                .answers(Answer::Under("property")),
            method("sale.shipmentproperty.add", RecordVerb::Add).answers(Answer::Under("property")),
            method("sale.shipmentproperty.update", RecordVerb::Update)
                .answers(Answer::Under("property")),
            method("sale.shipmentproperty.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "201240400001",
            text: "property is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.shipmentpropertyvalue",
        scope: "sale",
        methods: &[
            method("sale.shipmentpropertyvalue.get", RecordVerb::Get)
                .answers(Answer::Under("propertyValue")),
            method("sale.shipmentpropertyvalue.list", RecordVerb::List)
                .answers(Answer::Under("propertyValues"))
                .paged(RecordPaging::Controller),
            method("sale.shipmentpropertyvalue.delete", RecordVerb::Delete),
            method("sale.shipmentpropertyvalue.getfields", RecordVerb::Fields)
                .answers(Answer::Under("propertyValue")),
        ],
        not_found: Refusal {
            code: "201240400001",
            text: "property value is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.propertyvalue",
        scope: "sale",
        methods: &[
            method("sale.propertyvalue.get", RecordVerb::Get)
                .answers(Answer::Under("propertyValue")),
            method("sale.propertyvalue.list", RecordVerb::List)
                .answers(Answer::Under("propertyValues"))
                .paged(RecordPaging::Controller),
            method("sale.propertyvalue.delete", RecordVerb::Delete),
            method("sale.propertyvalue.getfields", RecordVerb::Fields)
                .answers(Answer::Under("propertyValue")),
        ],
        not_found: Refusal {
            code: "201240400001",
            text: "property value is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.propertyrelation",
        scope: "sale",
        methods: &[
            method("sale.propertyrelation.list", RecordVerb::List)
                .answers(Answer::Under("propertyRelations"))
                .paged(RecordPaging::Controller),
            method("sale.propertyrelation.add", RecordVerb::Add)
                .answers(Answer::Under("propertyRelation")),
            method("sale.propertyrelation.deletebyfilter", RecordVerb::Delete),
            method("sale.propertyrelation.getfields", RecordVerb::Fields)
                .answers(Answer::Under("propertyRelation")),
        ],
        id: "number",
        key: &["entityId", "entityType", "propertyId"],
        not_found: Refusal {
            code: "201450000001",
            text: "property relation is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.businessvaluepersondomain",
        scope: "sale",
        methods: &[
            method("sale.businessvaluepersondomain.list", RecordVerb::List)
                .answers(Answer::Under("businessValuePersonDomains"))
                .paged(RecordPaging::Controller),
            method("sale.businessvaluepersondomain.add", RecordVerb::Add)
                .answers(Answer::Under("businessValuePersonDomain")),
            method(
                "sale.businessvaluepersondomain.deletebyfilter",
                RecordVerb::Delete,
            ),
            method(
                "sale.businessvaluepersondomain.getfields",
                RecordVerb::Fields,
            )
            .answers(Answer::Under("businessValuePersonDomain")),
        ],
        id: "number",
        key: &["personTypeId", "domain"],
        not_found: Refusal {
            code: "201650000001",
            text: "business value person domain is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.tradeplatform",
        scope: "sale",
        methods: &[
            method("sale.tradeplatform.list", RecordVerb::List)
                .answers(Answer::Under("tradePlatforms"))
                .paged(RecordPaging::Controller),
            method("sale.tradeplatform.getfields", RecordVerb::Fields)
                .answers(Answer::Under("tradePlatform")),
        ],
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.tradebinding",
        scope: "sale",
        methods: &[
            method("sale.tradebinding.list", RecordVerb::List)
                .answers(Answer::Under("tradeBindings"))
                .paged(RecordPaging::Controller),
            method("sale.tradebinding.getfields", RecordVerb::Fields)
                .answers(Answer::Under("tradeBinding")),
        ],
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.cashbox",
        scope: "sale",
        methods: &[
            method("sale.cashbox.add", RecordVerb::Add).flat(),
            method("sale.cashbox.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("ID"),
            method("sale.cashbox.delete", RecordVerb::Delete).id_param("ID"),
            method("sale.cashbox.list", RecordVerb::List)
                .sorted_by("ORDER")
                .paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "ERROR_CHECK_FAILURE",
            text: "Cashbox not found",
        },
        ..SHOP
    },
    RecordKind {
        name: "sale.cashbox.handler",
        scope: "sale",
        methods: &[
            method("sale.cashbox.handler.add", RecordVerb::Add).flat(),
            method("sale.cashbox.handler.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("ID"),
            method("sale.cashbox.handler.delete", RecordVerb::Delete).id_param("ID"),
            method("sale.cashbox.handler.list", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "ERROR_CHECK_FAILURE",
            text: "Handler not found",
        },
        ..SHOP
    },
    RecordKind {
        name: "sale.delivery.handler",
        scope: "sale",
        methods: &[
            method("sale.delivery.handler.add", RecordVerb::Add).flat(),
            method("sale.delivery.handler.update", RecordVerb::Update)
                .flat()
                .id_param("ID"),
            method("sale.delivery.handler.delete", RecordVerb::Delete).id_param("ID"),
            method("sale.delivery.handler.list", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "ERROR_CHECK_FAILURE",
            text: "Handler not found",
        },
        ..SHOP
    },
    RecordKind {
        name: "sale.delivery",
        scope: "sale",
        methods: &[
            method("sale.delivery.getlist", RecordVerb::List).paged(RecordPaging::Whole),
            method("sale.delivery.update", RecordVerb::Update)
                .flat()
                .id_param("ID"),
            method("sale.delivery.delete", RecordVerb::Delete).id_param("ID"),
            method("sale.delivery.add", RecordVerb::Add)
                .flat()
                .answers(Answer::UnderWith("parent", r#""profiles":[]"#)),
            method("sale.delivery.config.get", RecordVerb::Get)
                .id_param("ID")
                .answers(Answer::Value("CONFIG")),
            method("sale.delivery.config.update", RecordVerb::Update)
                .flat()
                .id_param("ID"),
        ],
        not_found: Refusal {
            code: "ERROR_CHECK_FAILURE",
            text: "Delivery service not found",
        },
        ..TYPED_SHOP
    },
    RecordKind {
        name: "sale.delivery.extra.service",
        scope: "sale",
        methods: &[
            method("sale.delivery.extra.service.get", RecordVerb::List)
                .params(&[(
                    "DELIVERY_ID",
                    Refusal {
                        code: "ERROR_CHECK_FAILURE",
                        text: "Parameter {} is not defined",
                    },
                )])
                .narrowed_by(&[("DELIVERY_ID", "DELIVERY_ID")])
                .paged(RecordPaging::Whole),
            method("sale.delivery.extra.service.add", RecordVerb::Add).flat(),
            method("sale.delivery.extra.service.update", RecordVerb::Update)
                .flat()
                .id_param("ID"),
            method("sale.delivery.extra.service.delete", RecordVerb::Delete).id_param("ID"),
        ],
        not_found: Refusal {
            code: "ERROR_CHECK_FAILURE",
            text: "Service not found",
        },
        ..SHOP
    },
    RecordKind {
        name: "sale.paysystem.handler",
        scope: "sale",
        methods: &[
            method("sale.paysystem.handler.add", RecordVerb::Add).flat(),
            method("sale.paysystem.handler.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("ID"),
            method("sale.paysystem.handler.delete", RecordVerb::Delete).id_param("ID"),
            method("sale.paysystem.handler.list", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "ERROR_CHECK_FAILURE",
            text: "Handler not found",
        },
        ..SHOP
    },
    RecordKind {
        name: "sale.paysystem",
        scope: "sale",
        methods: &[
            method("sale.paysystem.add", RecordVerb::Add).flat(),
            method("sale.paysystem.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("ID"),
            method("sale.paysystem.delete", RecordVerb::Delete).id_param("ID"),
            method("sale.paysystem.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("sale.paysystem.settings.get", RecordVerb::Get)
                .id_param("ID")
                .answers(Answer::Value("SETTINGS")),
            method("sale.paysystem.settings.payment.get", RecordVerb::Get)
                .id_param("PAY_SYSTEM_ID")
                .answers(Answer::Value("SETTINGS")),
            method("sale.paysystem.settings.invoice.get", RecordVerb::Get)
                .id_param("PAY_SYSTEM_ID")
                .answers(Answer::Value("SETTINGS")),
            method("sale.paysystem.settings.update", RecordVerb::Update)
                .flat()
                .id_param("ID"),
        ],
        not_found: Refusal {
            code: "ERROR_CHECK_FAILURE",
            text: "Pay system not found",
        },
        ..TYPED_SHOP
    },
];
