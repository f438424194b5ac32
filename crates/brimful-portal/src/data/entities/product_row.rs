//! What is sold with a record. Generated rows are of deals.

use super::{DEAL, FieldSpec, Kind, Source, field};

pub(super) const FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field(
        "OWNER_ID",
        Kind::Integer,
        Source::One(DEAL, 100),
        "Владелец",
    ),
    // D deal, L lead, Q quote, Tb1 a smart process.
    field(
        "OWNER_TYPE",
        Kind::Text,
        Source::Always("D"),
        "Тип владельца",
    ),
    field(
        "PRODUCT_ID",
        Kind::Integer,
        Source::Between(1, 500),
        "Товар",
    ),
    field("PRODUCT_NAME", Kind::Text, Source::Subject, "Название"),
    field(
        "ORIGINAL_PRODUCT_NAME",
        Kind::Text,
        Source::Subject,
        "Исходное название",
    ),
    field("PRODUCT_DESCRIPTION", Kind::Text, Source::Blank, "Описание"),
    field("PRICE", Kind::Double, Source::Cents(10_000_000), "Цена"),
    field(
        "PRICE_EXCLUSIVE",
        Kind::Double,
        Source::Cents(10_000_000),
        "Цена без налога",
    ),
    field(
        "PRICE_NETTO",
        Kind::Double,
        Source::Cents(10_000_000),
        "Цена без скидки",
    ),
    field(
        "PRICE_BRUTTO",
        Kind::Double,
        Source::Cents(10_000_000),
        "Цена с налогом",
    ),
    field(
        "PRICE_ACCOUNT",
        Kind::Double,
        Source::Cents(10_000_000),
        "Цена в валюте отчёта",
    ),
    field(
        "QUANTITY",
        Kind::Double,
        Source::Between(1, 20),
        "Количество",
    ),
    field(
        "DISCOUNT_TYPE_ID",
        Kind::Integer,
        Source::Number(2),
        "Тип скидки",
    ),
    field(
        "DISCOUNT_RATE",
        Kind::Double,
        Source::Number(0),
        "Скидка, %",
    ),
    field("DISCOUNT_SUM", Kind::Double, Source::Number(0), "Скидка"),
    field("TAX_RATE", Kind::Double, Source::Number(20), "Налог, %"),
    field("TAX_INCLUDED", Kind::Char, Source::Flag(50), "Налог в цене"),
    field("CUSTOMIZED", Kind::Char, Source::Flag(100), "Изменён"),
    field(
        "MEASURE_CODE",
        Kind::Integer,
        Source::Number(796),
        "Код единицы",
    ),
    field("MEASURE_NAME", Kind::Text, Source::Always("шт"), "Единица"),
    field("SORT", Kind::Integer, Source::Number(10), "Сортировка"),
    field("XML_ID", Kind::Text, Source::Nothing, "Внешний код"),
    field("TYPE", Kind::Integer, Source::Number(1), "Вид"),
    field("STORE_ID", Kind::Integer, Source::Number(0), "Склад"),
    field("RESERVE_ID", Kind::Integer, Source::Nothing, "Резерв"),
    field(
        "DATE_RESERVE_END",
        Kind::Date,
        Source::Nothing,
        "Конец резерва",
    ),
    field(
        "RESERVE_QUANTITY",
        Kind::Double,
        Source::Nothing,
        "В резерве",
    ),
];
