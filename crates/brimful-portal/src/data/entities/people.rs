//! Users and departments.

use super::{DEPARTMENT, Kind, Source, Spec, USER, field, words};

use crate::data::source::Raw;

/// Users.
pub(super) const USER_FIELDS: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("XML_ID", Kind::Text, Source::Nothing, "Внешний код"),
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
    field("PERSONAL_PHONE", Kind::Text, Source::Nothing, "Телефон"),
    field("PERSONAL_MOBILE", Kind::Text, Source::Phone, "Мобильный"),
    field(
        "PERSONAL_CITY",
        Kind::Text,
        Source::Pick(words::CITIES),
        "Город",
    ),
    field("WORK_PHONE", Kind::Text, Source::Blank, "Рабочий телефон"),
    field(
        "WORK_POSITION",
        Kind::Text,
        Source::Pick(words::POSTS),
        "Должность",
    ),
    field(
        "UF_EMPLOYMENT_DATE",
        Kind::Date,
        Source::Nothing,
        "Дата принятия на работу",
    ),
    field(
        "UF_DEPARTMENT",
        Kind::Integer,
        Source::One(DEPARTMENT, 100),
        "Подразделения",
    )
    .multiple(),
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
pub(super) const DEPARTMENT_FIELDS: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field(
        "NAME",
        Kind::Text,
        Source::Pick(words::DEPARTMENTS),
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
