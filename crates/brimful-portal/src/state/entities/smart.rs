//! Items of smart processes.

use super::{
    ASSIGNED_BY_ID, CHOICES, COMPANY, CONTACT, CURRENCY_ID, DEAL, IS_MANUAL_OPPORTUNITY, Kind,
    LAST_ACTIVITY_BY, LAST_ACTIVITY_TIME, OPENED, OPPORTUNITY, SOURCE_DESCRIPTION, SOURCE_ID,
    Source, Spec, USER, UTM_CAMPAIGN, UTM_CONTENT, UTM_MEDIUM, UTM_SOURCE, UTM_TERM, entity_type,
    field, words,
};

pub(super) const FIELDS_128: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("XML_ID", Kind::Text, Source::Blank, "Внешний код"),
    field("TITLE", Kind::Text, Source::Subject, "Название"),
    field(
        "CREATED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем создан",
    )
    .read_only(),
    field(
        "UPDATED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем изменён",
    )
    .read_only(),
    field(
        "MOVED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем изменена стадия",
    )
    .read_only(),
    field(
        "CREATED_TIME",
        Kind::DateTime,
        Source::Created,
        "Когда создан",
    )
    .read_only(),
    field(
        "UPDATED_TIME",
        Kind::DateTime,
        Source::Modified,
        "Когда обновлён",
    )
    .read_only(),
    field(
        "MOVED_TIME",
        Kind::DateTime,
        Source::Modified,
        "Когда изменена стадия",
    )
    .read_only(),
    field("CATEGORY_ID", Kind::Category, Source::Number(1), "Воронка"),
    OPENED,
    field(
        "STAGE_ID",
        Kind::Status("DYNAMIC_128_STAGE_1"),
        Source::ItemStage(128),
        "Стадия",
    ),
    field(
        "PREVIOUS_STAGE_ID",
        Kind::Status("DYNAMIC_128_STAGE_1"),
        Source::Nothing,
        "Предыдущая стадия",
    )
    .read_only(),
    field("BEGINDATE", Kind::Date, Source::DayAfter(1), "Дата начала"),
    field(
        "CLOSEDATE",
        Kind::Date,
        Source::DayAfter(30),
        "Дата завершения",
    ),
    field(
        "COMPANY_ID",
        Kind::Crm("crm_company", 4),
        Source::One(COMPANY, 50),
        "Компания",
    ),
    field(
        "CONTACT_ID",
        Kind::Crm("crm_contact", 3),
        Source::One(CONTACT, 70),
        "Контакт",
    ),
    field(
        "CONTACT_IDS",
        Kind::Crm("crm_contact", 3),
        Source::Contacts(70),
        "Контакты",
    )
    .multiple()
    .items_only(),
    OPPORTUNITY,
    IS_MANUAL_OPPORTUNITY,
    field(
        "TAX_VALUE",
        Kind::Double,
        Source::Cents(100),
        "Сумма налога",
    ),
    CURRENCY_ID,
    field(
        "MYCOMPANY_ID",
        Kind::Crm("crm_company", 4),
        Source::Nothing,
        "Реквизиты вашей компании",
    ),
    SOURCE_ID,
    SOURCE_DESCRIPTION,
    ASSIGNED_BY_ID,
    LAST_ACTIVITY_BY,
    LAST_ACTIVITY_TIME,
    UTM_SOURCE,
    UTM_MEDIUM,
    UTM_CAMPAIGN,
    UTM_CONTENT,
    UTM_TERM,
    field(
        "PARENT_ID_2",
        Kind::Crm("crm_deal", 2),
        Source::One(DEAL, 90),
        "Сделка",
    ),
    entity_type(128),
    field(
        "UF_CRM_1_1700000001",
        Kind::Text,
        Source::Seldom(70, &Source::Pick(words::REGIONS)),
        "Регион",
    ),
    field(
        "UF_CRM_1_1700000002",
        Kind::Double,
        Source::Seldom(60, &Source::Cents(100_000)),
        "Вес, кг",
    ),
    field(
        "UF_CRM_1_1700000003",
        Kind::DateTime,
        Source::Seldom(50, &Source::After(120)),
        "Дата отгрузки",
    ),
    field(
        "UF_CRM_1_1700000004",
        Kind::Boolean,
        Source::Flag(40),
        "Срочно",
    ),
    field(
        "UF_CRM_1_1700000005",
        Kind::Enumeration(CHOICES),
        Source::Choices(5),
        "Виды работ",
    )
    .multiple(),
    field(
        "UF_CRM_1_1700000006",
        Kind::Money,
        Source::Seldom(50, &Source::Money(90_000_000)),
        "Предоплата",
    ),
];

pub(super) const FIELDS_191: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("XML_ID", Kind::Text, Source::Blank, "Внешний код"),
    field("TITLE", Kind::Text, Source::Subject, "Название"),
    field(
        "CREATED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем создан",
    )
    .read_only(),
    field(
        "UPDATED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем изменён",
    )
    .read_only(),
    field(
        "MOVED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем изменена стадия",
    )
    .read_only(),
    field(
        "CREATED_TIME",
        Kind::DateTime,
        Source::Created,
        "Когда создан",
    )
    .read_only(),
    field(
        "UPDATED_TIME",
        Kind::DateTime,
        Source::Modified,
        "Когда обновлён",
    )
    .read_only(),
    field(
        "MOVED_TIME",
        Kind::DateTime,
        Source::Modified,
        "Когда изменена стадия",
    )
    .read_only(),
    field("CATEGORY_ID", Kind::Category, Source::Number(2), "Воронка"),
    OPENED,
    field(
        "STAGE_ID",
        Kind::Status("DYNAMIC_191_STAGE_2"),
        Source::ItemStage(191),
        "Стадия",
    ),
    field(
        "PREVIOUS_STAGE_ID",
        Kind::Status("DYNAMIC_191_STAGE_2"),
        Source::Nothing,
        "Предыдущая стадия",
    )
    .read_only(),
    field("BEGINDATE", Kind::Date, Source::DayAfter(1), "Дата начала"),
    field(
        "CLOSEDATE",
        Kind::Date,
        Source::DayAfter(30),
        "Дата завершения",
    ),
    field(
        "COMPANY_ID",
        Kind::Crm("crm_company", 4),
        Source::One(COMPANY, 50),
        "Компания",
    ),
    field(
        "CONTACT_ID",
        Kind::Crm("crm_contact", 3),
        Source::One(CONTACT, 70),
        "Контакт",
    ),
    field(
        "CONTACT_IDS",
        Kind::Crm("crm_contact", 3),
        Source::Contacts(70),
        "Контакты",
    )
    .multiple()
    .items_only(),
    OPPORTUNITY,
    IS_MANUAL_OPPORTUNITY,
    field(
        "TAX_VALUE",
        Kind::Double,
        Source::Cents(100),
        "Сумма налога",
    ),
    CURRENCY_ID,
    field(
        "MYCOMPANY_ID",
        Kind::Crm("crm_company", 4),
        Source::Nothing,
        "Реквизиты вашей компании",
    ),
    SOURCE_ID,
    SOURCE_DESCRIPTION,
    ASSIGNED_BY_ID,
    LAST_ACTIVITY_BY,
    LAST_ACTIVITY_TIME,
    UTM_SOURCE,
    UTM_MEDIUM,
    UTM_CAMPAIGN,
    UTM_CONTENT,
    UTM_TERM,
    field(
        "PARENT_ID_2",
        Kind::Crm("crm_deal", 2),
        Source::One(DEAL, 90),
        "Сделка",
    ),
    entity_type(191),
    field(
        "UF_CRM_2_1700000001",
        Kind::Text,
        Source::Seldom(70, &Source::Pick(words::REGIONS)),
        "Регион",
    ),
    field(
        "UF_CRM_2_1700000002",
        Kind::Double,
        Source::Seldom(60, &Source::Cents(100_000)),
        "Вес, кг",
    ),
    field(
        "UF_CRM_2_1700000003",
        Kind::DateTime,
        Source::Seldom(50, &Source::After(120)),
        "Дата отгрузки",
    ),
    field(
        "UF_CRM_2_1700000004",
        Kind::Boolean,
        Source::Flag(40),
        "Срочно",
    ),
    field(
        "UF_CRM_2_1700000005",
        Kind::Enumeration(CHOICES),
        Source::Choices(5),
        "Виды работ",
    )
    .multiple(),
    field(
        "UF_CRM_2_1700000006",
        Kind::Money,
        Source::Seldom(50, &Source::Money(90_000_000)),
        "Предоплата",
    ),
];

/// Those of a smart process that is not built in; its items are only what is loaded or added.
pub(super) const FIELDS: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("XML_ID", Kind::Text, Source::Blank, "Внешний код"),
    field("TITLE", Kind::Text, Source::Subject, "Название"),
    field(
        "CREATED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем создан",
    )
    .read_only(),
    field(
        "UPDATED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем изменён",
    )
    .read_only(),
    field(
        "MOVED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем изменена стадия",
    )
    .read_only(),
    field(
        "CREATED_TIME",
        Kind::DateTime,
        Source::Created,
        "Когда создан",
    )
    .read_only(),
    field(
        "UPDATED_TIME",
        Kind::DateTime,
        Source::Modified,
        "Когда обновлён",
    )
    .read_only(),
    field(
        "MOVED_TIME",
        Kind::DateTime,
        Source::Modified,
        "Когда изменена стадия",
    )
    .read_only(),
    field("CATEGORY_ID", Kind::Category, Source::Number(0), "Воронка"),
    OPENED,
    field(
        "STAGE_ID",
        Kind::Status("DYNAMIC_0_STAGE_0"),
        Source::ItemStage(0),
        "Стадия",
    ),
    field(
        "PREVIOUS_STAGE_ID",
        Kind::Status("DYNAMIC_0_STAGE_0"),
        Source::Nothing,
        "Предыдущая стадия",
    )
    .read_only(),
    field("BEGINDATE", Kind::Date, Source::DayAfter(1), "Дата начала"),
    field(
        "CLOSEDATE",
        Kind::Date,
        Source::DayAfter(30),
        "Дата завершения",
    ),
    field(
        "COMPANY_ID",
        Kind::Crm("crm_company", 4),
        Source::One(COMPANY, 50),
        "Компания",
    ),
    field(
        "CONTACT_ID",
        Kind::Crm("crm_contact", 3),
        Source::One(CONTACT, 70),
        "Контакт",
    ),
    field(
        "CONTACT_IDS",
        Kind::Crm("crm_contact", 3),
        Source::Contacts(70),
        "Контакты",
    )
    .multiple()
    .items_only(),
    OPPORTUNITY,
    IS_MANUAL_OPPORTUNITY,
    field(
        "TAX_VALUE",
        Kind::Double,
        Source::Cents(100),
        "Сумма налога",
    ),
    CURRENCY_ID,
    field(
        "MYCOMPANY_ID",
        Kind::Crm("crm_company", 4),
        Source::Nothing,
        "Реквизиты вашей компании",
    ),
    SOURCE_ID,
    SOURCE_DESCRIPTION,
    ASSIGNED_BY_ID,
    LAST_ACTIVITY_BY,
    LAST_ACTIVITY_TIME,
    UTM_SOURCE,
    UTM_MEDIUM,
    UTM_CAMPAIGN,
    UTM_CONTENT,
    UTM_TERM,
    field(
        "PARENT_ID_2",
        Kind::Crm("crm_deal", 2),
        Source::One(DEAL, 90),
        "Сделка",
    ),
    entity_type(0),
];
