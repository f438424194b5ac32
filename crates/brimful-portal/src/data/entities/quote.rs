//! Quotes.

use super::shared::{
    ASSIGNED_BY_ID, COMMENTS, CREATED_BY_ID, CURRENCY_ID, DATE_CREATE, DATE_MODIFY,
    LAST_ACTIVITY_BY, LAST_ACTIVITY_TIME, MODIFY_BY_ID, OPENED, OPPORTUNITY, UF_BOOLEAN, UF_DATE,
    UF_STRING, UTM_FIELDS, entity_type, joined,
};
use super::{COMPANY, CONTACT, DEAL, Kind, LEAD, Source, Spec, field};

pub(super) const FIELDS: &[Spec] = joined!(
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
        field(
            "COMPANY_ID",
            Kind::Crm("crm_company", 4),
            Source::One(COMPANY, 60),
            "Компания",
        ),
        field(
            "CONTACT_ID",
            Kind::Crm("crm_contact", 3),
            Source::One(CONTACT, 80),
            "Контакт",
        ),
        field(
            "CONTACT_IDS",
            Kind::Crm("crm_contact", 3),
            Source::Contacts(80),
            "Контакты",
        )
        .multiple()
        .items_only(),
        field(
            "MYCOMPANY_ID",
            Kind::Crm("crm_company", 4),
            Source::Nothing,
            "Реквизиты вашей компании",
        ),
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
        field(
            "LEAD_ID",
            Kind::Crm("crm_lead", 1),
            Source::One(LEAD, 10),
            "Лид",
        ),
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
        field("LOCATION_ID", Kind::Text, Source::Nothing, "Местоположение"),
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
