//! Leads.

use super::shared::{
    ADDRESS_FIELDS, ASSIGNED_BY_ID, BIRTHDATE, COMMENTS, COMMUNICATION_FIELDS, CREATED_BY_ID,
    CURRENCY_ID, DATE_CREATE, DATE_MODIFY, HAS_EMAIL, HAS_IMOL, HAS_PHONE, HONORIFIC,
    IS_MANUAL_OPPORTUNITY, LAST_ACTIVITY_BY, LAST_ACTIVITY_TIME, LAST_NAME, MODIFY_BY_ID,
    MOVED_BY_ID, MOVED_TIME, NAME, OBSERVERS, OPENED, OPPORTUNITY, ORIGIN_ID, ORIGINATOR_ID, POST,
    SECOND_NAME, SOURCE_DESCRIPTION, SOURCE_ID, USER_FIELDS, UTM_FIELDS, company_id, contact_id,
    contact_ids, entity_type, joined,
};
use super::{FieldSpec, Kind, Source, field};

pub(super) const FIELDS: &[FieldSpec] = joined!(
    &[
        field("ID", Kind::Integer, Source::Id, "ID").read_only(),
        field("TITLE", Kind::Text, Source::Subject, "Название лида").required(),
        HONORIFIC,
        NAME,
        SECOND_NAME,
        LAST_NAME,
        field(
            "COMPANY_TITLE",
            Kind::Text,
            Source::Seldom(50, &Source::Company),
            "Название компании",
        ),
        company_id(30),
        contact_id(40),
        contact_ids(40),
        OBSERVERS,
        field(
            "IS_RETURN_CUSTOMER",
            Kind::Char,
            Source::Flag(20),
            "Повторный лид",
        )
        .read_only(),
        BIRTHDATE,
        SOURCE_ID,
        SOURCE_DESCRIPTION,
        field(
            "STATUS_ID",
            Kind::Status("STATUS"),
            Source::LeadStatus,
            "Статус",
        )
        .item("STAGE_ID"),
        field(
            "STATUS_DESCRIPTION",
            Kind::Text,
            Source::Nothing,
            "Дополнительно о статусе",
        )
        .item("STAGE_DESCRIPTION"),
        POST,
        COMMENTS,
        CURRENCY_ID,
        OPPORTUNITY,
        IS_MANUAL_OPPORTUNITY,
        HAS_PHONE,
        HAS_EMAIL,
        HAS_IMOL,
        ASSIGNED_BY_ID,
        CREATED_BY_ID,
        MODIFY_BY_ID,
        DATE_CREATE,
        DATE_MODIFY,
        field(
            "DATE_CLOSED",
            Kind::DateTime,
            Source::Seldom(30, &Source::After(60)),
            "Дата завершения",
        )
        .read_only(),
        field(
            "STATUS_SEMANTIC_ID",
            Kind::Text,
            Source::LeadSemantic,
            "Состояние статуса",
        )
        .item("STAGE_SEMANTIC_ID")
        .read_only(),
        OPENED,
        ORIGINATOR_ID,
        ORIGIN_ID,
        MOVED_BY_ID,
        MOVED_TIME,
    ],
    ADDRESS_FIELDS,
    UTM_FIELDS,
    &[LAST_ACTIVITY_BY, LAST_ACTIVITY_TIME, entity_type(1),],
    COMMUNICATION_FIELDS,
    USER_FIELDS
);
