//! Contacts.

use super::shared::{
    ADDRESS_FIELDS, ASSIGNED_BY_ID, BIRTHDATE, COMMENTS, COMMUNICATION_FIELDS, CREATED_BY_ID,
    DATE_CREATE, DATE_MODIFY, HAS_EMAIL, HAS_IMOL, HAS_PHONE, HONORIFIC, LAST_ACTIVITY_BY,
    LAST_ACTIVITY_TIME, LAST_NAME, MODIFY_BY_ID, NAME, OPENED, ORIGIN_ID, ORIGIN_VERSION,
    ORIGINATOR_ID, POST, SECOND_NAME, SOURCE_DESCRIPTION, SOURCE_ID, USER_FIELDS, UTM_FIELDS,
    company_id, company_ids, entity_type, joined, lead_id,
};
use super::{FieldSpec, Kind, Source, field};

pub(super) const FIELDS: &[FieldSpec] = joined!(
    &[
        field("ID", Kind::Integer, Source::Id, "ID").read_only(),
        POST,
        COMMENTS,
        HONORIFIC,
        NAME,
        SECOND_NAME,
        LAST_NAME,
        field("PHOTO", Kind::File, Source::Nothing, "Фотография"),
        lead_id(20).read_only(),
        field(
            "TYPE_ID",
            Kind::Status("CONTACT_TYPE"),
            Source::Always("CLIENT"),
            "Тип контакта",
        ),
        SOURCE_ID,
        SOURCE_DESCRIPTION,
        company_id(60),
        company_ids(60),
        BIRTHDATE,
        field(
            "EXPORT",
            Kind::Char,
            Source::Flag(90),
            "Участвует в экспорте контактов",
        ),
        HAS_PHONE,
        HAS_EMAIL,
        HAS_IMOL,
        DATE_CREATE,
        DATE_MODIFY,
        ASSIGNED_BY_ID,
        CREATED_BY_ID,
        MODIFY_BY_ID,
        OPENED,
        ORIGINATOR_ID,
        ORIGIN_ID,
        ORIGIN_VERSION,
        field(
            "FACE_ID",
            Kind::Integer,
            Source::Nothing,
            "Привязка к лицам",
        ),
    ],
    ADDRESS_FIELDS,
    UTM_FIELDS,
    &[LAST_ACTIVITY_BY, LAST_ACTIVITY_TIME, entity_type(3),],
    COMMUNICATION_FIELDS,
    USER_FIELDS
);
