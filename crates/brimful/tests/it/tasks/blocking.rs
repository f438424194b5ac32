use brimful::blocking::Client;
use brimful::tasks::{Action, Filter, Status, TaskFields};
use brimful_portal::{Portal, PortalConfig};

#[test]
fn tasks_are_to_be_had_without_async() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let portal = Portal::new(PortalConfig::unlimited().rows("tasks.task", 120)).unwrap();
    let server = runtime.block_on(portal.bind("127.0.0.1:0")).unwrap();
    let client = Client::builder(server.webhook_url())
        .limit(None)
        .build_blocking()
        .unwrap();
    let tasks = client.tasks();
    assert_eq!(tasks.list().rows().unwrap().count(), 120);
    let made = tasks
        .add(TaskFields::new().title("Write").responsible(1))
        .unwrap();
    tasks.act(made.id, Action::Start).unwrap();
    let filter = Filter::new().id(made.id).real_status(Status::InProgress);
    assert_eq!(tasks.list().filter(filter).count().unwrap(), 1);
    tasks.comments(made.id).add("So be it").unwrap();
    assert_eq!(tasks.history(made.id).unwrap().len(), 3);
    assert_eq!(tasks.get_each([made.id, 1]).unwrap().len(), 2);
}
