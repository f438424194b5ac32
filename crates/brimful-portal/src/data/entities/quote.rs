//! Quotes.

use super::shared::{
    ASSIGNED_BY_ID, COMMENTS, CREATED_BY_ID, CURRENCY_ID, DATE_CREATE, DATE_MODIFY,
    LAST_ACTIVITY_BY, LAST_ACTIVITY_TIME, MODIFY_BY_ID, MYCOMPANY_ID, OPENED, OPPORTUNITY,
    UF_BOOLEAN, UF_DATE, UF_STRING, UTM_FIELDS, company_id, contact_id, contact_ids, entity_type,
    joined, lead_id,
};
use super::{DEAL, FieldSpec, Kind, Source, field};

pub(super) const FIELDS: &[FieldSpec] = joined!(
    &[
        field("ID", Kind::Integer, Source::Id, "ID").read_only(),
        field("TITLE", Kind::Text, Source::Subject, "Тема"),
        field(
            "STATUS_ID",
            Kind::Status("QUOTE_STATUS"),
            Source::Pick(&["DRAFT", "SENT", "APPROVED", "DECLAINED"]),
            "Стадия",
        ),
        CURRENCY_ID,
        OPPORTUNITY,
        field(
            "TAX_VALUE",
            Kind::Double,
            Source::Cents(100),
            "Сумма налога",
        ),
        company_id(60),
        contact_id(80),
        contact_ids(80),
        MYCOMPANY_ID,
        field(
            "BEGINDATE",
            Kind::Date,
            Source::DayAfter(1),
            "Дата выставления",
        ),
        field(
            "CLOSEDATE",
            Kind::Date,
            Source::DayAfter(60),
            "Дата завершения",
        ),
        field(
            "ACTUAL_DATE",
            Kind::Date,
            Source::DayAfter(30),
            "Действительно до",
        ),
        ASSIGNED_BY_ID,
        CREATED_BY_ID,
        MODIFY_BY_ID,
        DATE_CREATE,
        DATE_MODIFY,
        OPENED,
        field("CLOSED", Kind::Char, Source::Flag(30), "Закрыто").read_only(),
        COMMENTS,
        lead_id(10),
        field(
            "DEAL_ID",
            Kind::Crm("crm_deal", 2),
            Source::One(DEAL, 50),
            "Сделка",
        ),
        field("QUOTE_NUMBER", Kind::Text, Source::Id, "Номер"),
        field("CONTENT", Kind::Text, Source::Nothing, "Содержание"),
        field("TERMS", Kind::Text, Source::Nothing, "Условия"),
        field(
            "PERSON_TYPE_ID",
            Kind::Integer,
            Source::Number(1),
            "Тип плательщика",
        ),
        field(
            "LAST_COMMUNICATION_TIME",
            Kind::Text,
            Source::Nothing,
            "Последняя коммуникация",
        )
        .read_only(),
        field(
            "LOCATION_ID",
            Kind::Json("location"),
            Source::Nothing,
            "Местоположение"
        ),
        field(
            "CLIENT_TITLE",
            Kind::Text,
            Source::Nothing,
            "Название клиента",
        ),
        field("CLIENT_ADDR", Kind::Text, Source::Nothing, "Адрес"),
        field(
            "CLIENT_CONTACT",
            Kind::Text,
            Source::Nothing,
            "Контактное лицо",
        ),
        field("CLIENT_EMAIL", Kind::Text, Source::Nothing, "E-mail"),
        field("CLIENT_PHONE", Kind::Text, Source::Nothing, "Телефон"),
        field("CLIENT_TP_ID", Kind::Text, Source::Nothing, "ИНН"),
        field("CLIENT_TPA_ID", Kind::Text, Source::Nothing, "КПП"),
    ],
    UTM_FIELDS,
    &[
        LAST_ACTIVITY_BY,
        LAST_ACTIVITY_TIME,
        UF_STRING,
        UF_BOOLEAN,
        UF_DATE,
        entity_type(7),
    ]
);
