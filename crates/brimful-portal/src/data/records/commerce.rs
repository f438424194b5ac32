//! Catalogue, orders and documents: controllers that all answer in one way.

use super::{Answer, CONTROLLER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling, method};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "catalog.catalog",
        scope: "catalog",
        methods: &[
            method("catalog.catalog.get", RecordVerb::Get).answers(Answer::Under("catalog")),
            method("catalog.catalog.list", RecordVerb::List)
                .answers(Answer::Under("catalogs"))
                .paged(RecordPaging::Controller),
            method("catalog.catalog.getfields", RecordVerb::Fields)
                .answers(Answer::Under("catalog")),
        ],
        not_found: Refusal {
            code: "0",
            text: "Trade catalog with the specified identifier does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.document",
        scope: "catalog",
        methods: &[
            method("catalog.document.add", RecordVerb::Add).answers(Answer::Under("document")),
            method("catalog.document.list", RecordVerb::List)
                .answers(Answer::Under("documents"))
                .paged(RecordPaging::Controller),
            method("catalog.document.update", RecordVerb::Update)
                .answers(Answer::Under("document")),
            method("catalog.document.delete", RecordVerb::Delete),
            method("catalog.document.conduct", RecordVerb::Update).sets(&[("status", "\"Y\"")]),
            method("catalog.document.confirm", RecordVerb::Update).sets(&[("status", "\"Y\"")]),
            method("catalog.document.cancel", RecordVerb::Update).sets(&[("status", "\"N\"")]),
            method("catalog.document.unconfirm", RecordVerb::Update).sets(&[("status", "\"N\"")]),
            method("catalog.document.getfields", RecordVerb::Fields)
                .answers(Answer::Under("document")),
            method("catalog.document.fields", RecordVerb::Fields).answers(Answer::Under("fields")),
        ],
        not_found: Refusal {
            code: "0",
            text: "Document not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.document.element",
        scope: "catalog",
        methods: &[
            method("catalog.document.element.add", RecordVerb::Add)
                .answers(Answer::Under("documentElement")),
            method("catalog.document.element.list", RecordVerb::List)
                .answers(Answer::Under("documentElements"))
                .paged(RecordPaging::Controller),
            method("catalog.document.element.update", RecordVerb::Update)
                .answers(Answer::Under("documentElement")),
            method("catalog.document.element.delete", RecordVerb::Delete),
            method("catalog.document.element.getfields", RecordVerb::Fields)
                .answers(Answer::Under("documentElement")),
            method("catalog.document.element.fields", RecordVerb::Fields)
                .answers(Answer::Under("fields")),
        ],
        not_found: Refusal {
            code: "ERROR_DOCUMENT_STATUS",
            text: "Document not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.extra",
        scope: "catalog",
        methods: &[
            method("catalog.extra.get", RecordVerb::Get).answers(Answer::Under("extra")),
            method("catalog.extra.list", RecordVerb::List)
                .answers(Answer::Under("extras"))
                .paged(RecordPaging::Controller),
            method("catalog.extra.getfields", RecordVerb::Fields).answers(Answer::Under("extra")),
        ],
        not_found: Refusal {
            code: "202000000000",
            text: "No margin exists with the specified ID",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.measure",
        scope: "catalog",
        methods: &[
            method("catalog.measure.add", RecordVerb::Add).answers(Answer::Under("measure")),
            method("catalog.measure.get", RecordVerb::Get).answers(Answer::Under("measure")),
            method("catalog.measure.list", RecordVerb::List)
                .answers(Answer::Under("measures"))
                .paged(RecordPaging::Controller),
            method("catalog.measure.update", RecordVerb::Update).answers(Answer::Under("measure")),
            method("catalog.measure.delete", RecordVerb::Delete),
            method("catalog.measure.getfields", RecordVerb::Fields)
                .answers(Answer::Under("measure")),
        ],
        not_found: Refusal {
            code: "200600000020",
            text: "Unit of measurement with this ID does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.price",
        scope: "catalog",
        methods: &[
            method("catalog.price.add", RecordVerb::Add).answers(Answer::Under("price")),
            method("catalog.price.get", RecordVerb::Get).answers(Answer::Under("price")),
            method("catalog.price.list", RecordVerb::List)
                .answers(Answer::Under("prices"))
                .paged(RecordPaging::Controller),
            method("catalog.price.update", RecordVerb::Update).answers(Answer::Under("price")),
            method("catalog.price.delete", RecordVerb::Delete),
            method("catalog.price.getfields", RecordVerb::Fields).answers(Answer::Under("price")),
        ],
        not_found: Refusal {
            code: "",
            text: "Price does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.pricetype",
        scope: "catalog",
        methods: &[
            method("catalog.pricetype.add", RecordVerb::Add).answers(Answer::Under("priceType")),
            method("catalog.pricetype.get", RecordVerb::Get).answers(Answer::Under("priceType")),
            method("catalog.pricetype.list", RecordVerb::List)
                .answers(Answer::Under("priceTypes"))
                .paged(RecordPaging::Controller),
            method("catalog.pricetype.update", RecordVerb::Update)
                .answers(Answer::Under("priceType")),
            method("catalog.pricetype.delete", RecordVerb::Delete),
            method("catalog.pricetype.getfields", RecordVerb::Fields)
                .answers(Answer::Under("priceType")),
        ],
        not_found: Refusal {
            code: "201000000000",
            text: "Price type with such identifier does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.pricetypegroup",
        scope: "catalog",
        methods: &[
            method("catalog.pricetypegroup.add", RecordVerb::Add)
                .answers(Answer::Under("priceTypeGroup")),
            method("catalog.pricetypegroup.list", RecordVerb::List)
                .answers(Answer::Under("priceTypeGroups"))
                .paged(RecordPaging::Controller),
            method("catalog.pricetypegroup.delete", RecordVerb::Delete),
            method("catalog.pricetypegroup.getfields", RecordVerb::Fields)
                .answers(Answer::Under("priceTypeGroup")),
        ],
        not_found: Refusal {
            code: "0",
            text: "Entity does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.pricetypelang",
        scope: "catalog",
        methods: &[
            method("catalog.pricetypelang.add", RecordVerb::Add)
                .answers(Answer::Under("priceTypeLang")),
            method("catalog.pricetypelang.get", RecordVerb::Get)
                .answers(Answer::Under("priceTypeLang")),
            method("catalog.pricetypelang.list", RecordVerb::List)
                .answers(Answer::Under("priceTypeLangs"))
                .paged(RecordPaging::Controller),
            method("catalog.pricetypelang.update", RecordVerb::Update)
                .answers(Answer::Under("priceTypeLang")),
            method("catalog.pricetypelang.delete", RecordVerb::Delete),
            method("catalog.pricetypelang.getfields", RecordVerb::Fields)
                .answers(Answer::Under("priceTypeLang")),
        ],
        not_found: Refusal {
            code: "201200000000",
            text: "No translation of the price type name with such an identifier exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.product",
        scope: "catalog",
        methods: &[
            method("catalog.product.getfieldsbyfilter", RecordVerb::Fields)
                .needs("filter")
                .answers(Answer::Under("product")),
            method("catalog.product.add", RecordVerb::Add).answers(Answer::Under("element")),
            method("catalog.product.get", RecordVerb::Get).answers(Answer::Under("product")),
            method("catalog.product.list", RecordVerb::List)
                .answers(Answer::Under("products"))
                .paged(RecordPaging::Controller),
            method("catalog.product.update", RecordVerb::Update).answers(Answer::Under("element")),
            method("catalog.product.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "0",
            text: "Product does not exist.",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.product.offer",
        scope: "catalog",
        methods: &[
            method("catalog.product.offer.add", RecordVerb::Add).answers(Answer::Under("offer")),
            method("catalog.product.offer.get", RecordVerb::Get).answers(Answer::Under("offer")),
            method("catalog.product.offer.list", RecordVerb::List)
                .answers(Answer::Under("offers"))
                .paged(RecordPaging::Controller),
            method("catalog.product.offer.update", RecordVerb::Update)
                .answers(Answer::Under("offer")),
            method("catalog.product.offer.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "0",
            text: "Product does not exist.",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.product.service",
        scope: "catalog",
        methods: &[
            method("catalog.product.service.add", RecordVerb::Add)
                .answers(Answer::Under("service")),
            method("catalog.product.service.get", RecordVerb::Get)
                .answers(Answer::Under("service")),
            method("catalog.product.service.list", RecordVerb::List)
                .answers(Answer::Under("services"))
                .paged(RecordPaging::Controller),
            method("catalog.product.service.update", RecordVerb::Update)
                .answers(Answer::Under("service")),
            method("catalog.product.service.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "0",
            text: "Product does not exist.",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.product.sku",
        scope: "catalog",
        methods: &[
            method("catalog.product.sku.add", RecordVerb::Add).answers(Answer::Under("sku")),
            method("catalog.product.sku.get", RecordVerb::Get).answers(Answer::Under("sku")),
            method("catalog.product.sku.list", RecordVerb::List)
                .answers(Answer::Under("units"))
                .paged(RecordPaging::Controller),
            method("catalog.product.sku.update", RecordVerb::Update).answers(Answer::Under("sku")),
            method("catalog.product.sku.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "0",
            text: "Product does not exist.",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.productproperty",
        scope: "catalog",
        methods: &[
            method("catalog.productproperty.add", RecordVerb::Add)
                .answers(Answer::Under("productProperty")),
            method("catalog.productproperty.get", RecordVerb::Get)
                .answers(Answer::Under("productProperty")),
            method("catalog.productproperty.list", RecordVerb::List)
                .answers(Answer::Under("productProperties"))
                .paged(RecordPaging::Controller),
            method("catalog.productproperty.update", RecordVerb::Update)
                .answers(Answer::Under("productProperty")),
            method("catalog.productproperty.delete", RecordVerb::Delete),
            method("catalog.productproperty.getfields", RecordVerb::Fields)
                .answers(Answer::Under("productProperty")),
        ],
        not_found: Refusal {
            code: "",
            text: "Element not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.productpropertyenum",
        scope: "catalog",
        methods: &[
            method("catalog.productpropertyenum.add", RecordVerb::Add)
                .answers(Answer::Under("productPropertyEnum")),
            method("catalog.productpropertyenum.get", RecordVerb::Get)
                .answers(Answer::Under("productPropertyEnum")),
            method("catalog.productpropertyenum.list", RecordVerb::List)
                .answers(Answer::Under("productPropertyEnums"))
                .paged(RecordPaging::Controller),
            method("catalog.productpropertyenum.update", RecordVerb::Update)
                .answers(Answer::Under("productPropertyEnum")),
            method("catalog.productpropertyenum.delete", RecordVerb::Delete),
            method("catalog.productpropertyenum.getfields", RecordVerb::Fields)
                .answers(Answer::Under("productPropertyEnum")),
        ],
        not_found: Refusal {
            code: "0",
            text: "productPropertyEnum does not exist.",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.productpropertyfeature",
        scope: "catalog",
        methods: &[
            method("catalog.productpropertyfeature.add", RecordVerb::Add)
                .answers(Answer::Under("productPropertyFeature")),
            method("catalog.productpropertyfeature.get", RecordVerb::Get)
                .answers(Answer::Under("productPropertyFeature")),
            method("catalog.productpropertyfeature.list", RecordVerb::List)
                .answers(Answer::Under("productPropertyFeatures"))
                .paged(RecordPaging::Controller),
            method("catalog.productpropertyfeature.update", RecordVerb::Update)
                .answers(Answer::Under("productPropertyFeature")),
            method(
                "catalog.productpropertyfeature.getfields",
                RecordVerb::Fields,
            )
            .answers(Answer::Under("productPropertyFeature")),
        ],
        not_found: Refusal {
            code: "0",
            text: "productPropertyFeature does not exist.",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.ratio",
        scope: "catalog",
        methods: &[
            method("catalog.ratio.get", RecordVerb::Get).answers(Answer::Under("ratio")),
            method("catalog.ratio.list", RecordVerb::List)
                .answers(Answer::Under("ratios"))
                .paged(RecordPaging::Controller),
            method("catalog.ratio.getfields", RecordVerb::Fields).answers(Answer::Under("ratio")),
        ],
        not_found: Refusal {
            code: "0",
            text: "Unit of measure ratio does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.roundingrule",
        scope: "catalog",
        methods: &[
            method("catalog.roundingrule.add", RecordVerb::Add)
                .answers(Answer::Under("roundingRule")),
            method("catalog.roundingrule.get", RecordVerb::Get)
                .answers(Answer::Under("roundingRule")),
            method("catalog.roundingrule.list", RecordVerb::List)
                .answers(Answer::Under("roundingRules"))
                .paged(RecordPaging::Controller),
            method("catalog.roundingrule.update", RecordVerb::Update)
                .answers(Answer::Under("roundingRule")),
            method("catalog.roundingrule.delete", RecordVerb::Delete),
            method("catalog.roundingrule.getfields", RecordVerb::Fields)
                .answers(Answer::Under("roundingRule")),
        ],
        not_found: Refusal {
            code: "200900000000",
            text: "No price rounding rule exists with this identifier",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.section",
        scope: "catalog",
        methods: &[
            method("catalog.section.add", RecordVerb::Add).answers(Answer::Under("section")),
            method("catalog.section.get", RecordVerb::Get).answers(Answer::Under("section")),
            method("catalog.section.list", RecordVerb::List)
                .answers(Answer::Under("sections"))
                .paged(RecordPaging::Controller),
            method("catalog.section.update", RecordVerb::Update).answers(Answer::Under("section")),
            method("catalog.section.delete", RecordVerb::Delete),
            method("catalog.section.getfields", RecordVerb::Fields)
                .answers(Answer::Under("section")),
        ],
        not_found: Refusal {
            code: "200700300030",
            text: "Catalog section with this identifier does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.store",
        scope: "catalog",
        methods: &[
            method("catalog.store.add", RecordVerb::Add).answers(Answer::Under("store")),
            method("catalog.store.get", RecordVerb::Get).answers(Answer::Under("store")),
            method("catalog.store.list", RecordVerb::List)
                .answers(Answer::Under("stores"))
                .paged(RecordPaging::Controller),
            method("catalog.store.update", RecordVerb::Update).answers(Answer::Under("store")),
            method("catalog.store.delete", RecordVerb::Delete),
            method("catalog.store.getfields", RecordVerb::Fields).answers(Answer::Under("store")),
        ],
        not_found: Refusal {
            code: "201100000000",
            text: "Store with the specified identifier not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.storeproduct",
        scope: "catalog",
        methods: &[
            method("catalog.storeproduct.get", RecordVerb::Get)
                .answers(Answer::Under("storeProduct")),
            method("catalog.storeproduct.list", RecordVerb::List)
                .answers(Answer::Under("storeProducts"))
                .paged(RecordPaging::Controller),
            method("catalog.storeproduct.getfields", RecordVerb::Fields)
                .answers(Answer::Under("storeProduct")),
        ],
        not_found: Refusal {
            code: "",
            text: "Store product does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "catalog.vat",
        scope: "catalog",
        methods: &[
            method("catalog.vat.add", RecordVerb::Add).answers(Answer::Under("vat")),
            method("catalog.vat.get", RecordVerb::Get).answers(Answer::Under("vat")),
            method("catalog.vat.list", RecordVerb::List)
                .answers(Answer::Under("vats"))
                .paged(RecordPaging::Controller),
            method("catalog.vat.update", RecordVerb::Update).answers(Answer::Under("vat")),
            method("catalog.vat.delete", RecordVerb::Delete),
            method("catalog.vat.getfields", RecordVerb::Fields).answers(Answer::Under("vat")),
        ],
        not_found: Refusal {
            code: "200800000000",
            text: "No VAT rate exists with this identifier",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.basketitem",
        scope: "sale",
        methods: &[
            method("sale.basketitem.add", RecordVerb::Add).answers(Answer::Under("basketItem")),
            method("sale.basketitem.get", RecordVerb::Get).answers(Answer::Under("basketItem")),
            method("sale.basketitem.list", RecordVerb::List)
                .answers(Answer::Under("basketItems"))
                .paged(RecordPaging::Controller),
            method("sale.basketitem.update", RecordVerb::Update)
                .answers(Answer::Under("basketItem")),
            method("sale.basketitem.delete", RecordVerb::Delete),
            method("sale.basketitem.addcatalogproduct", RecordVerb::Add)
                .answers(Answer::Under("basketItem")),
            method("sale.basketitem.updatecatalogproduct", RecordVerb::Update)
                .answers(Answer::Under("basketItem")),
            method(
                "sale.basketitem.getfieldscatalogproduct",
                RecordVerb::Fields,
            )
            .answers(Answer::Under("basketItem")),
            method("sale.basketitem.getfields", RecordVerb::Fields)
                .answers(Answer::Under("basketItem")),
        ],
        not_found: Refusal {
            code: "200140400001",
            text: "basket item does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.basketproperties",
        scope: "sale",
        methods: &[
            method("sale.basketproperties.add", RecordVerb::Add)
                .answers(Answer::Under("basketProperty")),
            method("sale.basketproperties.get", RecordVerb::Get)
                .answers(Answer::Under("basketProperty")),
            method("sale.basketproperties.list", RecordVerb::List)
                .answers(Answer::Under("basketProperties"))
                .paged(RecordPaging::Controller),
            method("sale.basketproperties.update", RecordVerb::Update)
                .answers(Answer::Under("basketProperty")),
            method("sale.basketproperties.delete", RecordVerb::Delete),
            method("sale.basketproperties.getfields", RecordVerb::Fields)
                .answers(Answer::Under("basketProperties")),
        ],
        not_found: Refusal {
            code: "200240400003",
            text: "basket item property is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.order",
        scope: "sale",
        methods: &[
            method("sale.order.add", RecordVerb::Add).answers(Answer::Under("order")),
            method("sale.order.get", RecordVerb::Get).answers(Answer::Under("order")),
            method("sale.order.list", RecordVerb::List)
                .answers(Answer::Under("orders"))
                .paged(RecordPaging::Controller),
            method("sale.order.update", RecordVerb::Update).answers(Answer::Under("order")),
            method("sale.order.delete", RecordVerb::Delete),
            method("sale.order.getfields", RecordVerb::Fields).answers(Answer::Under("order")),
        ],
        not_found: Refusal {
            code: "201240400001",
            text: "Order not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.payment",
        scope: "sale",
        methods: &[
            method("sale.payment.add", RecordVerb::Add).answers(Answer::Under("payment")),
            method("sale.payment.get", RecordVerb::Get).answers(Answer::Under("payment")),
            method("sale.payment.list", RecordVerb::List)
                .answers(Answer::Under("payments"))
                .paged(RecordPaging::Controller),
            method("sale.payment.update", RecordVerb::Update).answers(Answer::Under("payment")),
            method("sale.payment.delete", RecordVerb::Delete),
            method("sale.payment.getfields", RecordVerb::Fields).answers(Answer::Under("payment")),
        ],
        not_found: Refusal {
            code: "200640400001",
            text: "payment is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.paymentitemshipment",
        scope: "sale",
        methods: &[
            method("sale.paymentitemshipment.add", RecordVerb::Add)
                .answers(Answer::Under("paymentItemShipment")),
            method("sale.paymentitemshipment.get", RecordVerb::Get)
                .answers(Answer::Under("paymentItemShipment")),
            method("sale.paymentitemshipment.list", RecordVerb::List)
                .answers(Answer::Under("paymentItemsShipment"))
                .paged(RecordPaging::Controller),
            method("sale.paymentitemshipment.update", RecordVerb::Update)
                .answers(Answer::Under("paymentItemShipment")),
            method("sale.paymentitemshipment.delete", RecordVerb::Delete),
            method("sale.paymentitemshipment.getfields", RecordVerb::Fields)
                .answers(Answer::Under("paymentItemShipment")),
        ],
        not_found: Refusal {
            code: "201240400001",
            text: "Payment binding to the shipment not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.paymentitembasket",
        scope: "sale",
        methods: &[
            method("sale.paymentitembasket.add", RecordVerb::Add)
                .answers(Answer::Under("paymentItemBasket")),
            method("sale.paymentitembasket.get", RecordVerb::Get)
                .answers(Answer::Under("paymentItemBasket")),
            method("sale.paymentitembasket.list", RecordVerb::List)
                .answers(Answer::Under("paymentItemsBasket"))
                .paged(RecordPaging::Controller),
            method("sale.paymentitembasket.update", RecordVerb::Update)
                .answers(Answer::Under("paymentItemBasket")),
            method("sale.paymentitembasket.delete", RecordVerb::Delete),
            method("sale.paymentitembasket.getfields", RecordVerb::Fields)
                .answers(Answer::Under("paymentItemBasket")),
        ],
        not_found: Refusal {
            code: "201240400001",
            text: "Basket item binding to payment not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.persontype",
        scope: "sale",
        methods: &[
            method("sale.persontype.add", RecordVerb::Add).answers(Answer::Under("personType")),
            method("sale.persontype.get", RecordVerb::Get).answers(Answer::Under("personType")),
            method("sale.persontype.list", RecordVerb::List)
                .answers(Answer::Under("personTypes"))
                .paged(RecordPaging::Controller),
            method("sale.persontype.update", RecordVerb::Update)
                .answers(Answer::Under("personType")),
            method("sale.persontype.delete", RecordVerb::Delete),
            method("sale.persontype.getfields", RecordVerb::Fields)
                .answers(Answer::Under("personType")),
        ],
        not_found: Refusal {
            code: "200740400001",
            text: "The payer type with the specified id does not exist",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.property",
        scope: "sale",
        methods: &[
            method("sale.property.getfieldsbytype", RecordVerb::Fields)
                .needs("type")
                .described_for(super::shop_parts::FIELDS_OF_TYPES)
                .answers(Answer::Under("property")),
            method("sale.property.add", RecordVerb::Add).answers(Answer::Under("property")),
            method("sale.property.get", RecordVerb::Get).answers(Answer::Under("property")),
            method("sale.property.list", RecordVerb::List)
                .answers(Answer::Under("properties"))
                .paged(RecordPaging::Controller),
            method("sale.property.update", RecordVerb::Update).answers(Answer::Under("property")),
            method("sale.property.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "200840400001",
            text: "property is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.propertygroup",
        scope: "sale",
        methods: &[
            method("sale.propertygroup.add", RecordVerb::Add)
                .answers(Answer::Under("propertyGroup")),
            method("sale.propertygroup.get", RecordVerb::Get)
                .answers(Answer::Under("propertyGroup")),
            method("sale.propertygroup.list", RecordVerb::List)
                .answers(Answer::Under("propertyGroups"))
                .paged(RecordPaging::Controller),
            method("sale.propertygroup.update", RecordVerb::Update)
                .answers(Answer::Under("propertyGroup")),
            method("sale.propertygroup.delete", RecordVerb::Delete),
            method("sale.propertygroup.getfields", RecordVerb::Fields)
                .answers(Answer::Under("propertyGroup")),
        ],
        not_found: Refusal {
            code: "200940400001",
            text: "Property group not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.propertyvariant",
        scope: "sale",
        methods: &[
            method("sale.propertyvariant.add", RecordVerb::Add)
                .answers(Answer::Under("propertyVariant")),
            method("sale.propertyvariant.get", RecordVerb::Get)
                .answers(Answer::Under("propertyVariant")),
            method("sale.propertyvariant.list", RecordVerb::List)
                .answers(Answer::Under("propertyVariants"))
                .paged(RecordPaging::Controller),
            method("sale.propertyvariant.update", RecordVerb::Update)
                .answers(Answer::Under("propertyVariant")),
            method("sale.propertyvariant.delete", RecordVerb::Delete),
            method("sale.propertyvariant.getfields", RecordVerb::Fields)
                .answers(Answer::Under("propertyVariant")),
        ],
        not_found: Refusal {
            code: "201540400001",
            text: "property variant is not exists",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "sale.shipmentitem",
        scope: "sale",
        methods: &[
            method("sale.shipmentitem.add", RecordVerb::Add).answers(Answer::Under("shipmentItem")),
            method("sale.shipmentitem.get", RecordVerb::Get).answers(Answer::Under("shipmentItem")),
            method("sale.shipmentitem.list", RecordVerb::List)
                .answers(Answer::Under("shipmentItems"))
                .paged(RecordPaging::Controller),
            method("sale.shipmentitem.update", RecordVerb::Update)
                .answers(Answer::Under("shipmentItem")),
            method("sale.shipmentitem.delete", RecordVerb::Delete),
            method("sale.shipmentitem.getfields", RecordVerb::Fields)
                .answers(Answer::Under("shipmentItem")),
        ],
        not_found: Refusal {
            code: "201240400001",
            text: "Shipment item table element not found",
        },
        ..CONTROLLER
    },
    RecordKind {
        name: "crm.documentgenerator.numerator",
        scope: "crm",
        methods: &[
            method("crm.documentgenerator.numerator.add", RecordVerb::Add)
                .answers(Answer::Under("numerator")),
            method("crm.documentgenerator.numerator.get", RecordVerb::Get)
                .answers(Answer::Under("numerator")),
            method("crm.documentgenerator.numerator.list", RecordVerb::List)
                .answers(Answer::Under("numerators"))
                .paged(RecordPaging::Controller),
            method("crm.documentgenerator.numerator.update", RecordVerb::Update)
                .answers(Answer::Rows),
            method("crm.documentgenerator.numerator.delete", RecordVerb::Delete)
                .answers(Answer::Null),
        ],
        not_found: Refusal {
            code: "",
            text: "Element not found",
        },
        spelling: Spelling::Texts,
        ..CONTROLLER
    },
    RecordKind {
        name: "documentgenerator.numerator",
        scope: "documentgenerator",
        methods: &[
            method("documentgenerator.numerator.add", RecordVerb::Add)
                .answers(Answer::Under("numerator")),
            method("documentgenerator.numerator.get", RecordVerb::Get)
                .answers(Answer::Under("numerator")),
            method("documentgenerator.numerator.list", RecordVerb::List)
                .answers(Answer::Under("numerators"))
                .paged(RecordPaging::Controller),
            method("documentgenerator.numerator.update", RecordVerb::Update).answers(Answer::Rows),
            method("documentgenerator.numerator.delete", RecordVerb::Delete).answers(Answer::Null),
        ],
        not_found: Refusal {
            code: "",
            text: "Element not found",
        },
        spelling: Spelling::Texts,
        ..CONTROLLER
    },
    RecordKind {
        name: "documentgenerator.region",
        scope: "documentgenerator",
        methods: &[
            method("documentgenerator.region.add", RecordVerb::Add)
                .answers(Answer::Under("region")),
            method("documentgenerator.region.get", RecordVerb::Get)
                .answers(Answer::Under("region")),
            method("documentgenerator.region.list", RecordVerb::List)
                .answers(Answer::Under("regions"))
                .paged(RecordPaging::Controller),
            method("documentgenerator.region.update", RecordVerb::Update)
                .answers(Answer::Under("region")),
            method("documentgenerator.region.delete", RecordVerb::Delete).answers(Answer::Null),
        ],
        not_found: Refusal {
            code: "",
            text: "Element not found",
        },
        spelling: Spelling::Texts,
        ..CONTROLLER
    },
    RecordKind {
        name: "documentgenerator.role",
        scope: "documentgenerator",
        methods: &[
            method("documentgenerator.role.add", RecordVerb::Add).answers(Answer::Under("role")),
            method("documentgenerator.role.get", RecordVerb::Get).answers(Answer::Under("role")),
            method("documentgenerator.role.list", RecordVerb::List)
                .answers(Answer::Under("roles"))
                .paged(RecordPaging::Controller),
            method("documentgenerator.role.update", RecordVerb::Update)
                .answers(Answer::Under("role")),
            method("documentgenerator.role.delete", RecordVerb::Delete).answers(Answer::Null),
        ],
        not_found: Refusal {
            code: "",
            text: "Element not found",
        },
        ..CONTROLLER
    },
    // `methods/documents.rs` writes them.
    RecordKind {
        name: "documentgenerator.role.access",
        scope: "documentgenerator",
        ..CONTROLLER
    },
];
