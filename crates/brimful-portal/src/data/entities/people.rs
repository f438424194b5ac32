//! Users and departments.

use super::{DEPARTMENT, FieldSpec, Kind, Source, USER, field, sample_words};

use crate::data::source::Raw;

/// Users.
pub(super) const USER_FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("XML_ID", Kind::Text, Source::Blank, "Внешний код"),
    field("ACTIVE", Kind::Boolean, Source::Flag(100), "Активность"),
    field("NAME", Kind::Text, Source::First, "Имя"),
    field("LAST_NAME", Kind::Text, Source::Last, "Фамилия"),
    field("SECOND_NAME", Kind::Text, Source::Blank, "Отчество"),
    field("TITLE", Kind::Text, Source::Nothing, "Обращение"),
    field("EMAIL", Kind::Text, Source::Email, "E-Mail").required(),
    field(
        "LAST_LOGIN",
        Kind::DateTime,
        Source::After(500),
        "Последняя авторизация",
    )
    .read_only(),
    field(
        "DATE_REGISTER",
        Kind::Date,
        Source::DayAfter(1),
        "Дата регистрации",
    )
    .read_only(),
    field("TIME_ZONE", Kind::Text, Source::Blank, "TIME_ZONE"),
    field("IS_ONLINE", Kind::Char, Source::Flag(20), "IS_ONLINE").read_only(),
    field(
        "TIMESTAMP_X",
        Kind::Any,
        Source::Raw(Raw::EmptyObject),
        "TIMESTAMP_X",
    )
    .read_only(),
    field(
        "LAST_ACTIVITY_DATE",
        Kind::Any,
        Source::Raw(Raw::EmptyObject),
        "LAST_ACTIVITY_DATE",
    )
    .read_only(),
    field("PERSONAL_GENDER", Kind::Text, Source::Blank, "Пол"),
    field(
        "PERSONAL_PROFESSION",
        Kind::Text,
        Source::Nothing,
        "Профессия",
    ),
    field("PERSONAL_WWW", Kind::Text, Source::Blank, "WWW-страница"),
    field(
        "PERSONAL_BIRTHDAY",
        Kind::Date,
        Source::Nothing,
        "Дата рождения",
    ),
    field("PERSONAL_PHOTO", Kind::Text, Source::Nothing, "Фотография"),
    field("PERSONAL_ICQ", Kind::Text, Source::Nothing, "ICQ"),
    field("PERSONAL_PHONE", Kind::Text, Source::Nothing, "Телефон"),
    field("PERSONAL_FAX", Kind::Text, Source::Nothing, "Факс"),
    field("PERSONAL_MOBILE", Kind::Text, Source::Phone, "Мобильный"),
    field("PERSONAL_PAGER", Kind::Text, Source::Nothing, "Пейджер"),
    field("PERSONAL_STREET", Kind::Text, Source::Nothing, "Улица"),
    field(
        "PERSONAL_CITY",
        Kind::Text,
        Source::Pick(sample_words::CITIES),
        "Город",
    ),
    field(
        "PERSONAL_STATE",
        Kind::Text,
        Source::Nothing,
        "Область / край",
    ),
    field(
        "PERSONAL_ZIP",
        Kind::Text,
        Source::Nothing,
        "Почтовый индекс",
    ),
    field("PERSONAL_COUNTRY", Kind::Text, Source::Nothing, "Страна"),
    field(
        "PERSONAL_MAILBOX",
        Kind::Text,
        Source::Nothing,
        "Почтовый ящик",
    ),
    field(
        "PERSONAL_NOTES",
        Kind::Text,
        Source::Nothing,
        "Дополнительные заметки",
    ),
    field("WORK_PHONE", Kind::Text, Source::Blank, "Рабочий телефон"),
    field("WORK_COMPANY", Kind::Text, Source::Nothing, "Компания"),
    field(
        "WORK_POSITION",
        Kind::Text,
        Source::Pick(sample_words::POSTS),
        "Должность",
    ),
    field("WORK_DEPARTMENT", Kind::Text, Source::Nothing, "Отдел"),
    field("WORK_WWW", Kind::Text, Source::Nothing, "Сайт компании"),
    field("WORK_FAX", Kind::Text, Source::Nothing, "WORK_FAX"),
    field("WORK_PAGER", Kind::Text, Source::Nothing, "WORK_PAGER"),
    field("WORK_STREET", Kind::Text, Source::Nothing, "WORK_STREET"),
    field("WORK_MAILBOX", Kind::Text, Source::Nothing, "WORK_MAILBOX"),
    field("WORK_CITY", Kind::Text, Source::Nothing, "Город работы"),
    field("WORK_STATE", Kind::Text, Source::Nothing, "WORK_STATE"),
    field("WORK_ZIP", Kind::Text, Source::Nothing, "WORK_ZIP"),
    field("WORK_COUNTRY", Kind::Text, Source::Nothing, "WORK_COUNTRY"),
    field("WORK_PROFILE", Kind::Text, Source::Nothing, "WORK_PROFILE"),
    field("WORK_LOGO", Kind::Text, Source::Nothing, "WORK_LOGO"),
    field("WORK_NOTES", Kind::Text, Source::Nothing, "WORK_NOTES"),
    field(
        "UF_SKYPE_LINK",
        Kind::Text,
        Source::Nothing,
        "Ссылка на чат в Skype",
    ),
    field("UF_ZOOM", Kind::Text, Source::Nothing, "Zoom"),
    field(
        "UF_EMPLOYMENT_DATE",
        Kind::Date,
        Source::Nothing,
        "Дата принятия на работу",
    ),
    field(
        "UF_TIMEMAN",
        Kind::Text,
        Source::Nothing,
        "Учёт рабочего времени",
    ),
    field(
        "UF_DEPARTMENT",
        Kind::Integer,
        Source::One(DEPARTMENT, 100),
        "Подразделения",
    )
    .multiple(),
    field("UF_INTERESTS", Kind::Text, Source::Nothing, "Интересы"),
    field("UF_SKILLS", Kind::Text, Source::Nothing, "Навыки"),
    field("UF_WEB_SITES", Kind::Text, Source::Nothing, "Другие сайты"),
    field("UF_XING", Kind::Text, Source::Nothing, "Xing"),
    field("UF_LINKEDIN", Kind::Text, Source::Nothing, "LinkedIn"),
    field("UF_TWITTER", Kind::Text, Source::Nothing, "Twitter"),
    field("UF_SKYPE", Kind::Text, Source::Nothing, "Skype"),
    field("UF_DISTRICT", Kind::Text, Source::Nothing, "Район"),
    field(
        "UF_PHONE_INNER",
        Kind::Text,
        Source::Seldom(50, &Source::Between(100, 999)),
        "Внутренний телефон",
    ),
    field(
        "USER_TYPE",
        Kind::Text,
        Source::Always("employee"),
        "USER_TYPE",
    )
    .read_only(),
];

/// Departments.
pub(super) const DEPARTMENT_FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field(
        "NAME",
        Kind::Text,
        Source::Pick(sample_words::DEPARTMENTS),
        "Название подразделения",
    )
    .required(),
    field("SORT", Kind::Integer, Source::Number(500), "Сортировка"),
    field(
        "PARENT",
        Kind::Integer,
        Source::Parent(1),
        "Вышестоящее подразделение",
    ),
    field(
        "UF_HEAD",
        Kind::User,
        Source::Seldom(70, &Source::One(USER, 100)),
        "Руководитель",
    ),
];
