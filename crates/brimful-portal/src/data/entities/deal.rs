//! Deals.

use super::shared::{
    ASSIGNED_BY_ID, COMMENTS, CREATED_BY_ID, CURRENCY_ID, DATE_CREATE, DATE_MODIFY,
    IS_MANUAL_OPPORTUNITY, LAST_ACTIVITY_BY, LAST_ACTIVITY_TIME, MODIFY_BY_ID, MOVED_BY_ID,
    MOVED_TIME, OBSERVERS, OPENED, OPPORTUNITY, ORIGIN_ID, ORIGINATOR_ID, SOURCE_DESCRIPTION,
    SOURCE_ID, USER_FIELDS, UTM_FIELDS, company_id, contact_id, contact_ids, entity_type, joined,
    lead_id,
};
use super::{FieldSpec, Kind, Source, field, sample_words};

pub(super) const FIELDS: &[FieldSpec] = joined!(
    &[
        field("ID", Kind::Integer, Source::Id, "ID").read_only(),
        field("TITLE", Kind::Text, Source::Subject, "Название"),
        field(
            "TYPE_ID",
            Kind::Status("DEAL_TYPE"),
            Source::Pick(sample_words::DEAL_TYPES),
            "Тип",
        ),
        field(
            "STAGE_ID",
            Kind::Status("DEAL_STAGE"),
            Source::DealStage,
            "Стадия сделки",
        ),
        field(
            "PROBABILITY",
            Kind::Integer,
            Source::Seldom(60, &Source::Between(0, 100)),
            "Вероятность",
        ),
        CURRENCY_ID,
        OPPORTUNITY,
        IS_MANUAL_OPPORTUNITY,
        field(
            "TAX_VALUE",
            Kind::Double,
            Source::Cents(100),
            "Ставка налога",
        ),
        lead_id(30).read_only(),
        company_id(60),
        contact_id(80),
        contact_ids(80),
        OBSERVERS,
        field(
            "QUOTE_ID",
            Kind::Crm("crm_quote", 7),
            Source::Nothing,
            "Предложение",
        )
        .read_only(),
        field("BEGINDATE", Kind::Date, Source::DayAfter(1), "Дата начала"),
        field(
            "CLOSEDATE",
            Kind::Date,
            Source::DayAfter(120),
            "Дата завершения",
        ),
        ASSIGNED_BY_ID,
        CREATED_BY_ID,
        MODIFY_BY_ID,
        DATE_CREATE,
        DATE_MODIFY,
        OPENED,
        field("CLOSED", Kind::Char, Source::DealClosed, "Закрыта").read_only(),
        COMMENTS,
        field(
            "ADDITIONAL_INFO",
            Kind::Text,
            Source::Nothing,
            "Дополнительная информация",
        ),
        field(
            "LOCATION_ID",
            Kind::Json("location"),
            Source::Nothing,
            "Местоположение"
        ),
        field("CATEGORY_ID", Kind::Category, Source::Category, "Воронка"),
        field(
            "STAGE_SEMANTIC_ID",
            Kind::Text,
            Source::DealSemantic,
            "Группа стадии",
        )
        .read_only(),
        field("IS_NEW", Kind::Char, Source::Flag(15), "Новая сделка").read_only(),
        field(
            "IS_RECURRING",
            Kind::Char,
            Source::Flag(0),
            "Регулярная сделка",
        )
        .read_only(),
        field(
            "IS_RETURN_CUSTOMER",
            Kind::Char,
            Source::Flag(25),
            "Повторная сделка",
        )
        .read_only(),
        field(
            "IS_REPEATED_APPROACH",
            Kind::Char,
            Source::Flag(5),
            "Повторное обращение",
        )
        .read_only(),
        SOURCE_ID,
        SOURCE_DESCRIPTION,
        ORIGINATOR_ID,
        ORIGIN_ID,
        MOVED_BY_ID,
        MOVED_TIME,
        LAST_ACTIVITY_TIME,
    ],
    UTM_FIELDS,
    &[LAST_ACTIVITY_BY, entity_type(2),],
    USER_FIELDS
);
