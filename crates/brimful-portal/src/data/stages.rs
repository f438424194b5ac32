//! The stages that deals, leads and items of smart processes go through, and what they mean.

/// A stage without its category's prefix, its meaning and its title.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    pub(crate) id: &'static str,
    /// `P` in progress, `S` success, `F` failure.
    pub(crate) semantic: &'static str,
    pub(crate) title: &'static str,
}

const fn stage(id: &'static str, semantic: &'static str, title: &'static str) -> Stage {
    Stage {
        id,
        semantic,
        title,
    }
}

/// A funnel of deals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Category {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) stages: &'static [Stage],
}

pub(crate) const DEAL_CATEGORIES: &[Category] = &[
    Category {
        id: 0,
        name: "Общая",
        stages: &[
            stage("NEW", "P", "Новая"),
            stage("PREPARATION", "P", "Подготовка документов"),
            stage("PREPAYMENT_INVOICE", "P", "Счёт на предоплату"),
            stage("EXECUTING", "P", "В работе"),
            stage("FINAL_INVOICE", "P", "Финальный счёт"),
            stage("WON", "S", "Сделка успешна"),
            stage("LOSE", "F", "Сделка провалена"),
            stage("APOLOGY", "F", "Анализ причины провала"),
        ],
    },
    Category {
        id: 1,
        name: "Support",
        stages: &[
            stage("C1:NEW", "P", "New"),
            stage("C1:PREPARATION", "P", "Preparation"),
            stage("C1:EXECUTING", "P", "In progress"),
            stage("C1:WON", "S", "Won"),
            stage("C1:LOSE", "F", "Lost"),
        ],
    },
    Category {
        id: 5,
        name: "Аренда",
        stages: &[
            stage("C5:NEW", "P", "Заявка"),
            stage("C5:EXECUTING", "P", "Показ"),
            stage("C5:WON", "S", "Договор"),
            stage("C5:LOSE", "F", "Отказ"),
        ],
    },
];

/// Of ten deals, so many are in the main funnel.
pub(crate) const CATEGORY_BY_TENTH: [usize; 10] = [0, 0, 0, 0, 0, 0, 0, 1, 1, 2];

pub(crate) const LEAD_STAGES: &[Stage] = &[
    stage("NEW", "P", "Не обработан"),
    stage("IN_PROCESS", "P", "В работе"),
    stage("PROCESSED", "P", "Обработан"),
    stage("CONVERTED", "S", "Качественный лид"),
    stage("JUNK", "F", "Некачественный лид"),
];

/// The stages of smart processes, without the `DT128_1:` before them.
pub(crate) const ITEM_STAGES: &[Stage] = &[
    stage("NEW", "P", "Начало"),
    stage("PREPARATION", "P", "Подготовка"),
    stage("CLIENT", "P", "Согласование"),
    stage("SUCCESS", "S", "Успех"),
    stage("FAIL", "F", "Провал"),
];

/// What the stage `id` means, whatever its prefix.
pub(crate) fn semantic(id: &str) -> &'static str {
    let bare = id.rsplit(':').next().unwrap_or(id);
    match bare {
        "WON" | "CONVERTED" | "SUCCESS" => "S",
        "LOSE" | "APOLOGY" | "JUNK" | "FAIL" => "F",
        _ => "P",
    }
}

/// The dictionary of the stages of a funnel of deals.
pub(crate) fn dictionary_of_deals(category: i64) -> String {
    match category {
        0 => "DEAL_STAGE".to_owned(),
        other => format!("DEAL_STAGE_{other}"),
    }
}
