use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use brimful::tasks::{
    Condition, Direction, Field, Filter, Moment, OrderBy, PageStart, Priority, RestVersion, Role,
    Status, SubStatus, Subfilter, TextCondition, YesNo,
};
use brimful::{ErrorKind, Proof, Tail};
use brimful_portal::{PortalConfig, Webhook};

use super::{client, four, ids, listed};
use crate::support::{builder, portal};

fn moment(text: &str) -> Moment {
    text.parse().unwrap()
}

/// Lists the four tasks by each filter.
async fn assert_found<const N: usize>(cases: [(Filter, Vec<u64>); N]) {
    let client = client(&four());
    for (filter, expected) in cases {
        let list = client.tasks().list().filter(filter.clone());
        assert_eq!(listed(list).await.0, expected, "{filter:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn filters_of_tasks_by_id_title_and_status_find_what_they_say() {
    assert_found([
        (Filter::new().id(Condition::Above(2)), vec![3, 4]),
        (Filter::new().id(Condition::AtLeast(2)), vec![2, 3, 4]),
        (Filter::new().id(Condition::Below(2)), vec![1]),
        (Filter::new().id(Condition::AtMost(2)), vec![1, 2]),
        (Filter::new().id(2), vec![2]),
        (Filter::new().id(Condition::IsNot(2)), vec![1, 3, 4]),
        (Filter::new().id([1, 4]), vec![1, 4]),
        (Filter::new().id(Condition::NoneOf(vec![1, 4])), vec![2, 3]),
        (Filter::new().id(Condition::Between(2, 3)), vec![2, 3]),
        (Filter::new().id(Condition::NotBetween(2, 3)), vec![1, 4]),
        (Filter::new().title_contains("CALL"), vec![1, 2]),
        (
            Filter::new().title(TextCondition::Lacks("call".into())),
            vec![3, 4],
        ),
        (
            Filter::new().title(TextCondition::Is("call ann".into())),
            vec![1],
        ),
        (
            Filter::new().title(TextCondition::IsNot("report".into())),
            vec![1, 2, 4],
        ),
        (Filter::new().real_status(Status::Pending), vec![1, 2]),
        (
            Filter::new().real_status([Status::InProgress, Status::Completed]),
            vec![3, 4],
        ),
        (
            Filter::new().real_status(Condition::IsNot(Status::Completed)),
            vec![1, 2, 4],
        ),
        (Filter::new().status(SubStatus::Overdue), vec![1]),
        (Filter::new().overdue(), vec![1]),
        (Filter::new().status(SubStatus::Unseen), vec![2]),
        (Filter::new().status(SubStatus::Pending), vec![]),
        (
            Filter::new().status([SubStatus::Completed, SubStatus::InProgress]),
            vec![3, 4],
        ),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn filters_of_tasks_by_dates_find_what_they_say() {
    assert_found([
        (
            Filter::new().created(Condition::AtLeast(moment("2026-03-01T07:00:00Z"))),
            vec![3, 4],
        ),
        (
            Filter::new().created(Condition::Above(moment("2026-03-01T10:00:00+03:00"))),
            vec![4],
        ),
        (
            Filter::new().created(Condition::Between(
                moment("2025-02-01T00:00:00+03:00"),
                moment("2026-03-31T00:00:00+03:00"),
            )),
            vec![2, 3],
        ),
        (
            Filter::new().changed(Condition::Below(moment("2026-02-01T10:00:01+03:00"))),
            vec![1, 2],
        ),
        (
            Filter::new().deadline(Condition::Below(moment("2026-12-01T00:00:00+03:00"))),
            vec![1, 3],
        ),
        (Filter::new().without_deadline(), vec![4]),
        (Filter::new().deadline(Condition::Filled), vec![1, 2, 3]),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn filters_of_tasks_by_groups_people_and_marks_find_what_they_say() {
    let region = Field::user("UF_AUTO_101").unwrap();
    assert_found([
        (Filter::new().group_id(11), vec![3, 4]),
        (Filter::new().group_id([0, 10]), vec![1, 2]),
        (Filter::new().responsible(1), vec![2]),
        (Filter::new().created_by(Condition::IsNot(3)), vec![1, 2]),
        (Filter::new().accomplice(4), vec![3]),
        (Filter::new().auditor(1), vec![4]),
        (Filter::new().member(4), vec![3, 4]),
        (Filter::new().doer([1, 2]), vec![1, 2, 3]),
        (Filter::new().role(Role::Accomplice), vec![3]),
        (Filter::new().tag(["HOT", "client"]), vec![2]),
        (Filter::new().tag(["hot", "cold"]), vec![]),
        (Filter::new().priority(Priority::High), vec![1]),
        (Filter::new().favorite(YesNo::Yes), vec![1]),
        (Filter::new().parent(3), vec![4]),
        (Filter::new().only_root(), vec![1, 2, 3]),
        (Filter::new().crm("D_7"), vec![2]),
        (
            Filter::new().user_field(&region, Condition::Is("north")),
            vec![3],
        ),
        (Filter::new().search("bob"), vec![2]),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn subfilters_and_groups_of_conditions_on_tasks_find_what_they_say() {
    assert_found([
        (
            Filter::new().subfilter(Subfilter::RoleId, Filter::any().created_by(1).auditor(1)),
            vec![1, 4],
        ),
        (
            Filter::new()
                .subfilter(Subfilter::Params, Filter::new().favorite(YesNo::Yes))
                .subfilter(Subfilter::Problem, Filter::new().overdue()),
            vec![1],
        ),
        (
            Filter::new().subfilter(Subfilter::Bindings, Filter::new().crm("C_2")),
            vec![2],
        ),
        (Filter::any().id(1).group_id(11), vec![1, 3, 4]),
        (
            Filter::new()
                .group(
                    Filter::any()
                        .responsible(1)
                        .group(Filter::new().group_id(11).real_status(Status::Completed)),
                )
                .group(Filter::any().id(Condition::Above(2)).title_contains("zzz")),
            vec![3],
        ),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_typed_and_its_people_come_with_it() {
    let client = client(&four());
    let fields = [Field::ALL, Field::USER_FIELDS, Field::TAGS];
    let (tasks, report) = client
        .tasks()
        .list()
        .select(fields)
        .collect_with_report()
        .await
        .unwrap();
    assert_eq!((report.rest, report.list.rows), (RestVersion::Rest2, 4));
    assert_eq!(report.why, "REST 3.0 has no field *");
    let [first, second, third, fourth] = &tasks[..] else {
        panic!("{tasks:?}")
    };
    assert_eq!(
        (first.status, first.sub_status),
        (Some(Status::Pending), Some(SubStatus::Overdue))
    );
    assert_eq!((first.group_id, first.favorite), (None, Some(true)));
    assert_eq!(first.deadline, Some(moment("2026-01-01T07:00:00Z")));
    assert_eq!(second.responsible.as_ref().unwrap().id, 1);
    assert_eq!(second.group.as_ref().unwrap().id, 10);
    assert_eq!(second.tags[0].title, "hot");
    assert_eq!(second.crm, ["D_7", "C_2"]);
    assert_eq!(third.accomplices, [1, 4]);
    assert_eq!(third.other["ufAuto101"], "north");
    assert_eq!((fourth.parent_id, &fourth.auditors), (Some(3), &vec![1]));
    assert_eq!(fourth.deadline, None);
}

#[tokio::test(start_paused = true)]
async fn a_plain_list_comes_by_rest_3_with_the_same_tasks_as_by_the_older_rest() {
    let portal = portal(
        PortalConfig::unlimited()
            .starts_at_unix(super::NOON)
            .rows("tasks.task", 2_345),
    );
    let client = client(&portal);
    let list = || client.tasks().list().select(Field::USUAL);
    let (three, report) = list().collect_with_report().await.unwrap();
    assert_eq!((report.rest, report.why.as_str()), (RestVersion::Rest3, ""));
    assert_eq!(report.list.proof, Proof::UpTo(2_345));
    let (two, report) = list()
        .rest_version(RestVersion::Rest2)
        .collect_with_report()
        .await
        .unwrap();
    assert_eq!(
        (report.rest, report.why.as_str()),
        (RestVersion::Rest2, "asked for")
    );
    assert_eq!(ids(&three), (1..=2_345).collect::<Vec<u64>>());
    for (mut by_two, by_three) in two.into_iter().zip(three) {
        // What the older REST adds to what was asked for.
        (
            by_two.creator,
            by_two.responsible,
            by_two.group,
            by_two.sub_status,
        ) = (None, None, None, None);
        by_two.other.clear();
        assert_eq!(by_two, by_three);
    }
}

#[tokio::test(start_paused = true)]
async fn bounds_of_the_id_are_plain_and_anything_else_is_not() {
    let portal = portal(PortalConfig::unlimited().rows("tasks.task", 2_000));
    let client = client(&portal);
    let (found, report) = listed(
        client
            .tasks()
            .list()
            .filter(Filter::new().id(Condition::Above(1_990))),
    )
    .await;
    assert_eq!((found.len(), report.rest), (10, RestVersion::Rest3));
    let (found, report) = listed(client.tasks().list().resume_after(1_995)).await;
    assert_eq!(
        (found, report.rest),
        (vec![1_996, 1_997, 1_998, 1_999, 2_000], RestVersion::Rest3)
    );
    let (_, report) = listed(client.tasks().list().filter(Filter::new().responsible(1))).await;
    assert_eq!(report.why, "the filter is about more than the ID");
    let (_, report) = listed(client.tasks().list().select([Field::TAGS])).await;
    assert_eq!(report.why, "REST 3.0 has no field TAGS");
    let error = client
        .tasks()
        .list()
        .filter(Filter::new().overdue())
        .rest_version(RestVersion::Rest3)
        .pages()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("about more than the ID"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_credential_without_the_scope_of_rest_3_lists_by_the_older_rest() {
    let config = PortalConfig::unlimited()
        .rows("tasks.task", 120)
        .webhooks([Webhook::new(1, "demo").scopes(["task"])]);
    let portal = portal(config);
    let tasks = client(&portal).tasks();
    let (found, report) = listed(tasks.list()).await;
    assert_eq!((found.len(), report.rest), (120, RestVersion::Rest2));
    let needed = report.list.requests;
    assert_eq!(portal.stats().requests, needed + 1);
    assert_eq!(
        report.why,
        "the portal offers no tasks by REST 3.0 to this credential"
    );
    // That is found out once.
    let before = portal.stats().requests;
    listed(tasks.list()).await;
    assert_eq!(portal.stats().requests - before, needed);
    assert!(
        tasks
            .list()
            .rest_version(RestVersion::Rest3)
            .pages()
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn a_hundred_rows_a_page_are_not_had_by_the_older_rest_and_a_thousand_are_by_rest_3() {
    let rows = 20_000;
    let portal = portal(PortalConfig::new().rows("tasks.task", rows));
    let client = builder(&portal).build().unwrap();
    let (found, report) = listed(client.tasks().list()).await;
    assert_eq!(
        (found.len() as u64, report.rest),
        (rows, RestVersion::Rest3)
    );
    assert!(report.list.requests <= rows / 1000 + 2, "{report:?}");
    let (found, report) = listed(client.tasks().list().rest_version(RestVersion::Rest2)).await;
    assert_eq!(found.len() as u64, rows);
    let allowed = 1.05 * rows as f64 / 2500.0 + 3.0;
    assert!(report.list.requests as f64 <= allowed, "{report:?}");
    assert_eq!(portal.stats().refusals(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_list_in_another_order_is_whole_too() {
    let portal = portal(PortalConfig::unlimited().rows("tasks.task", 330));
    let client = client(&portal);
    let list = client
        .tasks()
        .list()
        .select([Field::PRIORITY])
        .order(OrderBy::Priority, Direction::Descending);
    let (tasks, report) = list.collect_with_report().await.unwrap();
    assert_eq!(
        (tasks.len(), report.list.proof),
        (330, Proof::EqualPasses(330))
    );
    let keys: Vec<_> = tasks
        .iter()
        .map(|task| (std::cmp::Reverse(task.priority.unwrap().code()), task.id))
        .collect();
    assert!(keys.is_sorted());
    assert_eq!(
        report.why,
        "an order other than that of the IDs is asked for"
    );
}

#[tokio::test(start_paused = true)]
async fn one_page_is_newest_first_and_counted_only_where_it_is_asked_for() {
    let portal = portal(PortalConfig::unlimited().rows("tasks.task", 120));
    let client = client(&portal);
    let list = client.tasks().list();
    let page = list.page(PageStart::At(50)).await.unwrap();
    assert_eq!((page.tasks[0].id, page.tasks.len()), (70, 50));
    assert_eq!((page.total, page.next), (Some(120), Some(100)));
    let page = list.page(PageStart::Uncounted).await.unwrap();
    assert_eq!((page.tasks[0].id, page.total, page.next), (120, None, None));
    assert_eq!(list.count().await.unwrap(), 120);
    let error = list.page(PageStart::At(70)).await.unwrap_err();
    assert!(error.to_string().contains("multiple of 50"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_page_and_a_count_refuse_what_only_a_whole_list_heeds() {
    let portal = portal(PortalConfig::unlimited().rows("tasks.task", 120));
    let tasks = client(&portal).tasks();
    for (list, named) in [
        (tasks.list().rest_version(RestVersion::Rest3), "Rest3"),
        (tasks.list().resume_after(7), "resume_after()"),
        (tasks.list().tail(Tail::Leave), "tail()"),
    ] {
        for error in [
            list.page(PageStart::At(0)).await.unwrap_err(),
            list.count().await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(named), "{error}");
        }
    }
    assert_eq!(portal.stats().requests, 0);
    let list = tasks.list().rest_version(RestVersion::Rest2);
    assert_eq!(list.count().await.unwrap(), 120);
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_by_either_way() {
    let portal = portal(PortalConfig::unlimited().rows("tasks.task", 3_000));
    for rest in [RestVersion::Rest2, RestVersion::Rest3] {
        let seen = Arc::new(AtomicU64::new(0));
        let most = Arc::clone(&seen);
        let list = client(&portal)
            .tasks()
            .list()
            .rest_version(rest)
            .on_progress(move |progress| {
                most.fetch_max(progress.rows, Ordering::Relaxed);
            });
        let mut pages = list.pages().await.unwrap();
        assert_eq!(pages.rest(), rest);
        while pages.next_page().await.unwrap().is_some() {}
        assert_eq!(seen.load(Ordering::Relaxed), 3_000);
        assert_eq!(pages.progress().rows, 3_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_would_list_everything_is_refused_before_anything_is_sent() {
    let portal = four();
    let client = client(&portal);
    let list = client
        .tasks()
        .list()
        .filter(Filter::new().group_id(Vec::new()));
    for error in [
        list.clone().pages().await.unwrap_err(),
        list.page(PageStart::Uncounted).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert_eq!(portal.stats().requests, 0);
}
