use brimful::tasks::{CountersOf, Role, TaskFields};
use serde_json::{Map, json};

use super::{client, four};

#[tokio::test(start_paused = true)]
async fn a_checklist_is_written_ticked_and_deleted() {
    let checklist = client(&four()).tasks().checklist(2);
    let list = checklist.add("To do", None).await.unwrap();
    let line = checklist.add("Call", Some(list)).await.unwrap();
    checklist.complete(line).await.unwrap();
    let lines = checklist.list().await.unwrap();
    // The first line of a task brings the checklist along that it belongs to.
    assert_eq!(lines.len(), 3);
    assert_eq!((lines[0].parent_id, lines[0].is_complete), (None, false));
    assert_eq!(
        (lines[1].id, lines[1].parent_id, lines[1].is_complete),
        (list, Some(lines[0].id), false)
    );
    assert_eq!(
        (lines[2].parent_id, lines[2].is_complete),
        (Some(list), true)
    );
    assert_eq!(lines[2].toggled_by, Some(1));
    checklist.renew(line).await.unwrap();
    let fields = Map::from_iter([("TITLE".to_owned(), json!("Call twice"))]);
    checklist.update(line, fields).await.unwrap();
    checklist.delete(list).await.unwrap();
    let lines = checklist.list().await.unwrap();
    assert_eq!(
        (lines[1].title.as_str(), lines[1].is_complete),
        ("Call twice", false)
    );
}

#[tokio::test(start_paused = true)]
async fn spent_time_is_listed_by_pages_of_its_own_kind() {
    let tasks = client(&four()).tasks();
    let one = tasks.elapsed(1);
    let id = one.add(600, "reading").await.unwrap();
    for minute in 1..=120 {
        tasks.elapsed(2).add(minute * 60, "").await.unwrap();
    }
    one.update(id, 900, "reading twice").await.unwrap();
    let entries = one.collect().await.unwrap();
    assert_eq!(
        (entries[0].seconds, entries[0].comment.as_str()),
        (900, "reading twice")
    );
    assert_eq!((entries[0].task_id, entries[0].user_id), (Some(1), Some(1)));
    let (all, report) = tasks.all_elapsed().collect_with_report().await.unwrap();
    assert_eq!((all.len(), report.rows), (121, 121));
    assert!(
        tasks
            .all_elapsed()
            .by_user(3)
            .collect_with_report()
            .await
            .unwrap()
            .0
            .is_empty()
    );
    let later = "2026-05-05T00:00:00+03:00".parse().unwrap();
    assert!(
        tasks
            .all_elapsed()
            .since(later)
            .collect_with_report()
            .await
            .unwrap()
            .0
            .is_empty()
    );
    one.delete(id).await.unwrap();
    assert!(one.collect().await.unwrap().is_empty());
    assert!(tasks.all_elapsed().add(1, "").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn comments_are_written_read_and_deleted() {
    let comments = client(&four()).tasks().comments(2);
    let id = comments.add("Done by Friday").await.unwrap();
    comments.add("Good").await.unwrap();
    comments.update(id, "Done by Monday").await.unwrap();
    let all = comments.list().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(
        (all[0].message.as_str(), all[0].author_id),
        ("Done by Monday", Some(1))
    );
    assert_eq!(comments.get(id).await.unwrap().message, "Done by Monday");
    comments.delete(id).await.unwrap();
    assert_eq!(comments.list().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_history_tells_what_changed_from_what_to_what() {
    let tasks = client(&four()).tasks();
    let task = tasks
        .add(TaskFields::new().title("Old").responsible(2))
        .await
        .unwrap();
    tasks
        .update(task.id, TaskFields::new().title("New").responsible(3))
        .await
        .unwrap();
    tasks
        .act(task.id, brimful::tasks::Action::Complete)
        .await
        .unwrap();
    let comment = tasks.comments(task.id).add("So be it").await.unwrap();
    let history = tasks.history(task.id).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|entry| (entry.field.as_str(), entry.from.clone(), entry.to.clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("NEW", json!(null), json!(null)),
            ("TITLE", json!("Old"), json!("New")),
            ("RESPONSIBLE_ID", json!("2"), json!("3")),
            ("STATUS", json!("2"), json!("5")),
            ("COMMENT", json!(null), json!(comment.to_string())),
        ]
    );
    assert!(
        history
            .iter()
            .all(|entry| entry.user_id == Some(1) && entry.at.is_some())
    );
    assert!(tasks.history(999).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn counters_count_what_is_overdue() {
    let tasks = client(&four()).tasks();
    let of = |user, role| CountersOf {
        user,
        group: None,
        role,
    };
    let counters = tasks.counters(of(Some(2), None)).await.unwrap();
    assert_eq!(counters["expired"].counter, 1);
    let counters = tasks
        .counters(of(Some(2), Some(Role::Auditor)))
        .await
        .unwrap();
    assert_eq!(counters["expired"].counter, 0);
    assert!(tasks.counters(of(Some(99), None)).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_fields_of_tasks_have_their_types() {
    let fields = client(&four()).tasks().fields().await.unwrap();
    assert_eq!(fields["deadline"].name, "DEADLINE");
    assert!(
        fields["status"]
            .choices
            .iter()
            .any(|choice| choice.id == "3")
    );
}
