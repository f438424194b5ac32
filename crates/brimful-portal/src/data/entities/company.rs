//! Companies.

use super::shared::{
    ADDRESS_FIELDS, ASSIGNED_BY_ID, COMMENTS, COMMUNICATION_FIELDS, CREATED_BY_ID, CURRENCY_ID,
    DATE_CREATE, DATE_MODIFY, HAS_EMAIL, HAS_IMOL, HAS_PHONE, LAST_ACTIVITY_BY, LAST_ACTIVITY_TIME,
    MODIFY_BY_ID, OPENED, ORIGIN_ID, ORIGIN_VERSION, ORIGINATOR_ID, USER_FIELDS, UTM_FIELDS,
    entity_type, joined, lead_id,
};
use super::{FieldSpec, Kind, Source, field};

pub(super) const FIELDS: &[FieldSpec] = joined!(
    &[
        field("ID", Kind::Integer, Source::Id, "ID").read_only(),
        field(
            "COMPANY_TYPE",
            Kind::Status("COMPANY_TYPE"),
            Source::Always("CUSTOMER"),
            "Тип компании",
        )
        .item("TYPE_ID"),
        field("TITLE", Kind::Text, Source::Company, "Название компании").required(),
        field("LOGO", Kind::File, Source::Nothing, "Логотип"),
        lead_id(20).read_only(),
        HAS_PHONE,
        HAS_EMAIL,
        HAS_IMOL,
        ASSIGNED_BY_ID,
        CREATED_BY_ID,
        MODIFY_BY_ID,
        field(
            "BANKING_DETAILS",
            Kind::Text,
            Source::Nothing,
            "Банковские реквизиты",
        ),
        field(
            "INDUSTRY",
            Kind::Status("INDUSTRY"),
            Source::Always("MANUFACTURING"),
            "Сфера деятельности",
        ),
        field(
            "REVENUE",
            Kind::Double,
            Source::Seldom(40, &Source::Cents(9_000_000_000)),
            "Годовой оборот",
        ),
        CURRENCY_ID,
        field(
            "EMPLOYEES",
            Kind::Status("EMPLOYEES"),
            Source::Always("EMPLOYEES_1"),
            "Кол-во сотрудников",
        ),
        COMMENTS,
        DATE_CREATE,
        DATE_MODIFY,
        OPENED,
        field("IS_MY_COMPANY", Kind::Char, Source::Flag(0), "Моя компания"),
        field(
            "CONTACT_ID",
            Kind::Crm("crm_contact", 3),
            Source::Nothing,
            "Контакт",
        )
        .item("CONTACT_IDS")
        .multiple()
        .items_only(),
        ORIGINATOR_ID,
        ORIGIN_ID,
        ORIGIN_VERSION,
    ],
    ADDRESS_FIELDS,
    &[
        field(
            "REG_ADDRESS",
            Kind::Text,
            Source::Nothing,
            "Юридический адрес",
        ),
        field(
            "REG_ADDRESS_2",
            Kind::Text,
            Source::Nothing,
            "Юридический адрес (стр. 2)",
        ),
        field(
            "REG_ADDRESS_CITY",
            Kind::Text,
            Source::Nothing,
            "Город юридического адреса",
        ),
        field(
            "REG_ADDRESS_POSTAL_CODE",
            Kind::Text,
            Source::Nothing,
            "Индекс юридического адреса",
        ),
        field(
            "REG_ADDRESS_REGION",
            Kind::Text,
            Source::Nothing,
            "Район юридического адреса",
        ),
        field(
            "REG_ADDRESS_PROVINCE",
            Kind::Text,
            Source::Nothing,
            "Область юридического адреса",
        ),
        field(
            "REG_ADDRESS_COUNTRY",
            Kind::Text,
            Source::Nothing,
            "Страна юридического адреса",
        ),
        field(
            "REG_ADDRESS_COUNTRY_CODE",
            Kind::Text,
            Source::Nothing,
            "Код страны юридического адреса",
        ),
        field(
            "REG_ADDRESS_LOC_ADDR_ID",
            Kind::Integer,
            Source::Nothing,
            "Местоположение юридического адреса",
        ),
        field(
            "ADDRESS_LEGAL",
            Kind::Text,
            Source::Nothing,
            "Юридический адрес",
        ),
    ],
    UTM_FIELDS,
    &[
        LAST_ACTIVITY_BY,
        LAST_ACTIVITY_TIME,
        field(
            "LAST_COMMUNICATION_TIME",
            Kind::Text,
            Source::Nothing,
            "Последняя коммуникация",
        )
        .read_only(),
        entity_type(4),
    ],
    COMMUNICATION_FIELDS,
    USER_FIELDS
);
