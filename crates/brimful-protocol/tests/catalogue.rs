//! The catalogue: what is known of each method before the first call.

use std::collections::HashSet;

use brimful_protocol::catalogue::{self, KeysetForm, Method, Paging, Shape};

const DATA: &str = include_str!("../src/methods.tsv");

fn method(name: &str) -> &'static Method {
    catalogue::find(name).unwrap_or_else(|| panic!("{name} is not in the catalogue"))
}

/// The spelling of the ID in filters and in rows, and the key of the rows.
fn keyset(name: &str) -> (&'static str, &'static str, Option<&'static str>) {
    let keyset = method(name)
        .keyset
        .unwrap_or_else(|| panic!("{name} cannot be walked by ID"));
    (keyset.filter, keyset.row, keyset.key)
}

mod the_data {
    use super::*;

    #[test]
    fn is_parsed_line_by_line_to_the_last_one() {
        assert_eq!(DATA.lines().skip(1).count(), 1672);
        assert_eq!(catalogue::all().len(), 1672);
        for (line, method) in DATA.lines().skip(1).zip(catalogue::all()) {
            assert_eq!(line.split('\t').next(), Some(method.name));
        }
    }

    #[test]
    fn has_the_same_columns_and_known_words_in_every_line() {
        let header: Vec<&str> = DATA.lines().next().unwrap().split('\t').collect();
        assert_eq!(
            header,
            [
                "method",
                "scope",
                "rest",
                "result",
                "key",
                "id",
                "id_param",
                "numbers",
                "paging",
                "page",
                "keyset",
                "total",
                "filter",
                "order",
                "select",
                "deprecated",
                "source",
                "params"
            ]
        );
        for line in DATA.lines().skip(1) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), header.len(), "{line}");
            let known = |column: usize, words: &[&str]| {
                assert!(words.contains(&cells[column]), "{}: {line}", header[column]);
            };
            known(2, &["2", "3"]);
            known(3, &["list", "wrapped", "map", "object", "scalar", "?"]);
            known(
                8,
                &[
                    "page",
                    "controller",
                    "offset",
                    "pagination",
                    "nav_params",
                    "limit_offset",
                    "page_number",
                    "cursor",
                    "none",
                    "",
                ],
            );
            known(10, &["ID", "id", "sort:ID", ""]);
            known(11, &["Y", "N", ""]);
            known(15, &["Y", "N"]);
        }
    }

    #[test]
    fn says_for_every_list_how_many_rows_a_page_has() {
        for method in catalogue::all() {
            assert_eq!(
                method.paging == Paging::None,
                method.page.is_none(),
                "{}",
                method.name
            );
            assert_ne!(method.page, Some(0), "{}", method.name);
        }
    }

    #[test]
    fn names_the_page_of_the_documentation_of_all_methods_but_those_that_have_none() {
        let undocumented: Vec<&str> = catalogue::all()
            .iter()
            .filter(|method| method.source.is_none())
            .map(|method| method.name)
            .collect();
        assert_eq!(
            undocumented,
            [
                "crm.lead.convert",
                "crm.timeline.note.add",
                "crm.webform.list"
            ]
        );
    }

    #[test]
    fn spells_filters_orders_and_selects_as_the_parameters_are_spelt() {
        for method in catalogue::all() {
            for spelt in [method.filter, method.order, method.select] {
                let Some(spelt) = spelt else { continue };
                let (own, inside) = match spelt.strip_suffix(']').and_then(|s| s.split_once('[')) {
                    Some((own, inside)) => (own, Some(inside)),
                    None => (spelt, None),
                };
                assert_eq!(method.parameter(own), Some(own), "{}", method.name);
                if let Some(inside) = inside {
                    assert_eq!(method.field(inside), Some(inside), "{}", method.name);
                }
            }
        }
    }

    #[test]
    fn knows_which_parameters_take_the_number_of_one_thing() {
        for (method, numbers) in [
            ("crm.lead.delete", "id"),
            ("CRM.ITEM.UPDATE", "entityTypeId,id"),
            ("tasks.task.delegate", "taskId,userId"),
            ("disk.folder.get", "id"),
            ("user.update", "ID"),
            // Texts.
            ("crm.currency.delete", ""),
            ("im.dialog.get", ""),
        ] {
            let known = catalogue::find(method).unwrap();
            assert_eq!(known.numbers, numbers, "{method}");
        }
        let delete = catalogue::find("crm.lead.delete").unwrap();
        assert!(delete.takes_number("ID") && !delete.takes_number("fields"));
        assert!(
            !catalogue::find("crm.currency.delete")
                .unwrap()
                .takes_number("")
        );
    }

    #[test]
    fn is_sorted_by_name_whatever_the_case_of_the_letters() {
        let names: Vec<String> = catalogue::all()
            .iter()
            .map(|method| method.name.to_ascii_lowercase())
            .collect();
        assert!(names.is_sorted());
    }

    #[test]
    fn names_each_method_once() {
        let mut names = HashSet::new();
        for method in catalogue::all() {
            assert!(
                names.insert(method.name.to_ascii_lowercase()),
                "{}",
                method.name
            );
            assert!(
                !method.name.contains(char::is_whitespace),
                "{:?}",
                method.name
            );
        }
    }

    #[test]
    fn has_a_key_where_rows_are_wrapped_and_an_id_where_they_are_walked() {
        for method in catalogue::all()
            .iter()
            .filter(|method| method.keyset.is_some())
        {
            assert_eq!(
                method.shape == Shape::Wrapped,
                method.key.is_some(),
                "{}",
                method.name
            );
            assert!(method.id.is_some(), "{}", method.name);
            let form = method.keyset.map(|keyset| keyset.form);
            let triples = form == Some(KeysetForm::Triples);
            assert_eq!(method.rest == 3, triples, "{}", method.name);
        }
    }
}

mod a_method {
    use super::*;

    #[test]
    fn is_found_in_any_case() {
        assert_eq!(method("CRM.Lead.LIST").name, "crm.lead.list");
        assert_eq!(
            method("catalog.pricetype.list").name,
            "catalog.priceType.list"
        );
        assert!(catalogue::find("crm.lead.lists").is_none());
        assert!(catalogue::find("").is_none());
    }

    #[test]
    fn tells_how_it_is_paged() {
        assert_eq!(method("crm.lead.list").paging, Paging::Page);
        assert_eq!(method("crm.item.list").paging, Paging::Controller);
        assert_eq!(method("user.get").paging, Paging::Offset);
        assert_eq!(method("task.elapseditem.getlist").paging, Paging::NavParams);
        assert_eq!(method("main.eventlog.list").paging, Paging::Pagination);
        assert_eq!(method("crm.lead.get").paging, Paging::None);
    }

    #[test]
    fn tells_the_shape_of_its_result() {
        assert_eq!(
            (method("crm.lead.list").shape, method("crm.lead.list").key),
            (Shape::List, None)
        );
        assert_eq!(
            (method("crm.item.list").shape, method("crm.item.list").key),
            (Shape::Wrapped, Some("items"))
        );
        assert_eq!(method("crm.lead.get").shape, Shape::Object);
        assert_eq!(method("crm.lead.list").scope, "crm");
        assert_eq!(
            (
                method("crm.lead.list").rest,
                method("main.eventlog.list").rest
            ),
            (2, 3)
        );
    }

    #[test]
    fn has_its_rows_under_the_key_of_the_documentation() {
        let keys = [
            ("crm.item.productrow.list", "productRows"),
            ("crm.category.list", "categories"),
            ("crm.automatedsolution.list", "automatedSolutions"),
            ("crm.orderentity.list", "orderEntity"),
            ("documentgenerator.document.list", "documents"),
            ("tasks.task.list", "tasks"),
            ("userfieldconfig.list", "fields"),
            ("catalog.documentcontractor.list", "documentContractor"),
            ("catalog.priceTypeLang.list", "priceTypeLangs"),
            ("catalog.product.sku.list", "units"),
            ("catalog.storeproduct.list", "storeProducts"),
            ("sale.basketitem.list", "basketItems"),
            ("sale.paymentitembasket.list", "paymentItemsBasket"),
            ("sale.shipmentproperty.list", "properties"),
            ("sale.status.list", "statuses"),
            ("rpa.item.list", "items"),
        ];
        for (name, key) in keys {
            assert_eq!(method(name).key, Some(key), "{name}");
        }
    }
}

mod walking_by_id {
    use super::*;

    #[test]
    fn spells_id_in_capitals_in_legacy_lists() {
        for name in [
            "crm.lead.list",
            "crm.deal.list",
            "crm.activity.list",
            "crm.product.list",
            "crm.deal.recurring.list",
        ] {
            assert_eq!(keyset(name), ("ID", "ID", None), "{name}");
        }
    }

    #[test]
    fn spells_id_in_small_letters_in_controllers() {
        assert_eq!(keyset("crm.item.list"), ("id", "id", Some("items")));
        assert_eq!(keyset("crm.type.list"), ("id", "id", Some("types")));
        assert_eq!(
            keyset("crm.automatedsolution.list"),
            ("id", "id", Some("automatedSolutions"))
        );
        assert_eq!(
            keyset("catalog.product.list"),
            ("id", "id", Some("products"))
        );
        assert_eq!(
            keyset("sale.propertygroup.list"),
            ("id", "id", Some("propertyGroups"))
        );
        assert_eq!(
            keyset("sale.propertyvariant.list"),
            ("id", "id", Some("propertyVariants"))
        );
    }

    #[test]
    fn mixes_the_spellings_in_three_controllers() {
        assert_eq!(keyset("tasks.task.list"), ("ID", "id", Some("tasks")));
        assert_eq!(
            keyset("socialnetwork.api.workgroup.list"),
            ("ID", "id", Some("workgroups"))
        );
        assert_eq!(keyset("crm.stagehistory.list"), ("ID", "ID", Some("items")));
    }

    #[test]
    fn is_not_for_methods_that_ignore_such_a_filter() {
        for name in [
            "department.get",
            // Its filter has no prefixes.
            "crm.status.list",
            "crm.company.userfield.list",
            "crm.timeline.comment.list",
            // Its IDs are texts.
            "bizproc.workflow.instances",
            "sale.status.list",
            // Its rows have none.
            "sale.statusLang.list",
            "crm.orderentity.list",
            "task.elapseditem.getlist",
            "crm.lead.get",
            "main.eventlog.tail",
        ] {
            assert_eq!(method(name).keyset, None, "{name}");
        }
    }

    #[test]
    fn says_how_it_is_filtered_and_sorted() {
        for (name, form) in [
            ("crm.lead.list", KeysetForm::Maps),
            ("user.get", KeysetForm::Sort),
            ("main.eventlog.list", KeysetForm::Triples),
        ] {
            assert_eq!(method(name).keyset.unwrap().form, form, "{name}");
        }
    }
}

mod parameters {
    use super::*;

    #[test]
    fn are_found_in_any_case_and_told_from_the_fields_inside_of_them() {
        let users = method("user.get");
        assert_eq!(users.parameter("filter"), Some("FILTER"));
        assert_eq!(users.parameter("Sort"), Some("sort"));
        let pages = method("landing.landing.getList");
        assert_eq!(
            (pages.parameter("limit"), pages.parameter("PARAMS")),
            (None, Some("params"))
        );
        assert_eq!(pages.field("LIMIT"), Some("limit"));
        let chats = method("im.search.chat.list");
        assert_eq!(
            (chats.parameter("limit"), chats.field("limit")),
            (Some("LIMIT"), None)
        );
        assert_eq!(method("crm.enum.fields").parameter("id"), None);
    }
}

mod did_you_mean {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        for (typed, meant) in [
            ("crm.lead.lst", "crm.lead.list"),
            ("crm.leads.list", "crm.lead.list"),
            ("CRM.DEAL.LIST", "crm.deal.list"),
            ("task.task.list", "tasks.task.list"),
            ("user.gte", "user.get"),
            ("crm.itemlist", "crm.item.list"),
        ] {
            assert_eq!(catalogue::nearest(typed), Some(meant), "{typed}");
        }
    }

    #[test]
    fn does_not_guess_at_nonsense() {
        for typed in [
            "",
            "x",
            "xyz",
            "foo.bar",
            "hello.world",
            "qwertyuiop",
            "спсибо",
            "frobnicate.the.widgets",
            "aaaa.bbbb.cccc",
        ] {
            assert_eq!(catalogue::nearest(typed), None, "{typed}");
        }
    }
}

#[test]
fn a_method_that_is_called_in_several_ways_takes_the_parameters_of_all_of_them() {
    let voted = catalogue::find("vote.AttachedVote.getAnswerVoted").unwrap();
    for name in [
        "attachId",
        "signedAttachId",
        "moduleId",
        "entityType",
        "entityId",
        "answerId",
    ] {
        assert_eq!(voted.parameter(name), Some(name));
        assert!(!voted.passes_over(name), "{name}");
    }
    assert_eq!(
        voted
            .parameters()
            .filter(|name| *name == "answerId")
            .count(),
        1
    );
    // The fields inside of a parameter are not parameters themselves.
    let bookings = catalogue::find("booking.v1.booking.list").unwrap();
    assert_eq!(bookings.parameter("dateFrom"), None);
}
