//! Items of smart processes: they differ in their type and their funnel, and in the fields that users have added.

use super::shared::{
    ASSIGNED_BY_ID, CHOICES, CURRENCY_ID, IS_MANUAL_OPPORTUNITY, LAST_ACTIVITY_BY,
    LAST_ACTIVITY_TIME, MYCOMPANY_ID, OBSERVERS, OPENED, OPPORTUNITY, SOURCE_DESCRIPTION,
    SOURCE_ID, UTM_CAMPAIGN, UTM_CONTENT, UTM_MEDIUM, UTM_SOURCE, UTM_TERM, company_id, contact_id,
    contact_ids, entity_type,
};
use super::{DEAL, FieldSpec, Kind, Source, USER, field, sample_words};

/// The fields that the items of every smart process have, and further ones.
macro_rules! fields {
    ($type_id:literal, $category:literal $(, $more:expr)*) => {
        &[
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
            field("CATEGORY_ID", Kind::Category, Source::Number($category), "Воронка"),
            OPENED,
            field(
                "STAGE_ID",
                Kind::Status(concat!("DYNAMIC_", $type_id, "_STAGE_", $category)),
                Source::ItemStage($type_id),
                "Стадия",
            ),
            field(
                "PREVIOUS_STAGE_ID",
                Kind::Status(concat!("DYNAMIC_", $type_id, "_STAGE_", $category)),
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
            company_id(50),
            contact_id(70),
            contact_ids(70),
            OBSERVERS,
            OPPORTUNITY,
            IS_MANUAL_OPPORTUNITY,
            field(
                "TAX_VALUE",
                Kind::Double,
                Source::Cents(100),
                "Сумма налога",
            ),
            CURRENCY_ID,
            MYCOMPANY_ID,
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
            entity_type($type_id),
            $($more),*
        ]
    };
}

/// The fields of a smart process whose users have added some.
macro_rules! with_user_fields {
    ($type_id:literal, $category:literal) => {
        fields!(
            $type_id,
            $category,
            field(
                concat!("UF_CRM_", $category, "_1700000001"),
                Kind::Text,
                Source::Seldom(70, &Source::Pick(sample_words::REGIONS)),
                "Регион",
            ),
            field(
                concat!("UF_CRM_", $category, "_1700000002"),
                Kind::Double,
                Source::Seldom(60, &Source::Cents(100_000)),
                "Вес, кг",
            ),
            field(
                concat!("UF_CRM_", $category, "_1700000003"),
                Kind::DateTime,
                Source::Seldom(50, &Source::After(120)),
                "Дата отгрузки",
            ),
            field(
                concat!("UF_CRM_", $category, "_1700000004"),
                Kind::Boolean,
                Source::Flag(40),
                "Срочно",
            ),
            field(
                concat!("UF_CRM_", $category, "_1700000005"),
                Kind::Enumeration(CHOICES),
                Source::Choices(5),
                "Виды работ",
            )
            .multiple(),
            field(
                concat!("UF_CRM_", $category, "_1700000006"),
                Kind::Money,
                Source::Seldom(50, &Source::Money(90_000_000)),
                "Предоплата",
            )
        )
    };
}

pub(super) const FIELDS_128: &[FieldSpec] = with_user_fields!(128, 1);

pub(super) const FIELDS_191: &[FieldSpec] = with_user_fields!(191, 2);

/// Those of a smart process that is not built in; its items are only what is loaded or added.
pub(super) const FIELDS: &[FieldSpec] = fields!(0, 0);

/// A smart process that every portal has.
#[derive(Debug)]
pub(crate) struct SmartProcess {
    type_id: u32,
    pub(crate) title: &'static str,
    /// Its only funnel.
    category: i64,
    /// The stages of its items.
    pub(crate) stages: [&'static str; 5],
}

const PROCESSES: &[SmartProcess] = &[
    SmartProcess {
        type_id: 128,
        title: "Закупки",
        category: 1,
        stages: [
            "DT128_1:NEW",
            "DT128_1:PREPARATION",
            "DT128_1:CLIENT",
            "DT128_1:SUCCESS",
            "DT128_1:FAIL",
        ],
    },
    SmartProcess {
        type_id: 191,
        title: "Projects",
        category: 2,
        stages: [
            "DT191_2:NEW",
            "DT191_2:PREPARATION",
            "DT191_2:CLIENT",
            "DT191_2:SUCCESS",
            "DT191_2:FAIL",
        ],
    },
];

/// The smart process with this `entityTypeId`, if it is one that every portal has.
pub(crate) fn process(type_id: u32) -> Option<&'static SmartProcess> {
    PROCESSES.iter().find(|process| process.type_id == type_id)
}

/// The funnel of a smart process for which none was given.
pub(crate) fn category(type_id: u32) -> i64 {
    process(type_id).map_or(i64::from(type_id), |process| process.category)
}
