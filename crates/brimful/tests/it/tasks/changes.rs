use brimful::ErrorKind;
use brimful::tasks::{Action, Field, Priority, Status, TaskFields, YesNo};
use brimful_portal::{Fault, FaultTiming};

use super::{client, four};

#[tokio::test(start_paused = true)]
async fn a_task_is_made_changed_and_deleted() {
    let tasks = client(&four()).tasks();
    let fields = TaskFields::new()
        .title("Write")
        .responsible(2)
        .accomplices([3])
        .tags(["hot"])
        .deadline("2026-06-01T18:00:00+03:00".parse().unwrap())
        .priority(Priority::High)
        .crm(["D_7"])
        .task_control(YesNo::Yes)
        .set(&Field::user("UF_AUTO_101").unwrap(), "south");
    let task = tasks.add(fields).await.unwrap();
    assert_eq!((task.id, task.status), (5, Some(Status::Pending)));
    let task = tasks.get(5).await.unwrap();
    assert_eq!(task.title.as_deref(), Some("Write"));
    assert_eq!(
        (task.priority, task.accomplices),
        (Some(Priority::High), vec![3])
    );
    assert_eq!(
        (task.tags[0].title.as_str(), &task.crm[..]),
        ("hot", &["D_7".to_owned()][..])
    );
    assert_eq!(task.other["ufAuto101"], "south");
    assert_eq!(task.other["action"]["complete"], true);
    tasks
        .update(5, TaskFields::new().title("Written").no_deadline())
        .await
        .unwrap();
    let task = tasks
        .get_fields(5, [Field::TITLE, Field::DEADLINE])
        .await
        .unwrap();
    assert_eq!(
        (task.title.as_deref(), task.deadline, task.status),
        (Some("Written"), None, None)
    );
    tasks.delete(5).await.unwrap();
    assert!(tasks.get(5).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_action_changes_the_status() {
    let tasks = client(&four()).tasks();
    for (action, status) in [
        (Action::Start, Status::InProgress),
        (Action::Pause, Status::Pending),
        (Action::Defer, Status::Deferred),
        (Action::Renew, Status::Pending),
        (Action::Complete, Status::Completed),
    ] {
        let task = tasks.act(1, action).await.unwrap();
        assert_eq!(task.unwrap().status, Some(status), "{action:?}");
    }
    assert!(tasks.get(1).await.unwrap().closed.is_some());
    tasks.act(1, Action::RemoveFavorite).await.unwrap();
    assert_eq!(tasks.get(1).await.unwrap().favorite, Some(false));
    tasks.act(1, Action::Watch).await.unwrap();
    assert_eq!(tasks.get(1).await.unwrap().auditors, [1]);
    tasks.act(1, Action::Unwatch).await.unwrap();
    tasks.act(1, Action::Mute).await.unwrap();
    tasks.act(1, Action::Pin).await.unwrap();
    let task = tasks.get(1).await.unwrap();
    assert_eq!(
        (&task.other["isMuted"], &task.other["isPinned"]),
        (&"Y".into(), &"Y".into())
    );
    let task = tasks.delegate(1, 3).await.unwrap().unwrap();
    assert_eq!(
        (task.responsible_id, task.auditors.is_empty()),
        (Some(3), false)
    );
}

#[tokio::test(start_paused = true)]
async fn many_tasks_are_fetched_50_in_a_request_and_what_is_not_there_is_said_of_each() {
    let portal = four();
    let tasks = client(&portal).tasks();
    let found = tasks.get_each([4, 99, 2, 4]).await.unwrap();
    assert_eq!(portal.stats().requests, 1);
    let ids: Vec<u64> = found.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [4, 99, 2]);
    assert_eq!(
        found[0].1.as_ref().unwrap().title.as_deref(),
        Some("Invoice")
    );
    assert!(found[1].1.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_may_have_been_made_is_not_made_again() {
    let portal = four();
    let tasks = client(&portal).tasks();
    tasks.list().count().await.unwrap();
    portal.faults().push(Fault::Reset(FaultTiming::AfterWork));
    let fields = TaskFields::new().title("Once").responsible(1);
    let error = tasks.add(fields).await.unwrap_err();
    assert_eq!(error.execution(), brimful::Execution::Unknown);
    assert_eq!(tasks.list().count().await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_title_is_refused_by_the_portal() {
    let tasks = client(&four()).tasks();
    let error = tasks
        .add(TaskFields::new().responsible(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
}
