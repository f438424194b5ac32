"""REST 3.0, by both clients."""

import pytest

from brimful import ApiError, Client
from brimful.rest3 import column, condition, reference


@pytest.fixture
def rest3(kind, bitrix_portal):
    return kind.client(bitrix_portal.webhook, rate=None).rest3


def test_a_call_gives_its_result(kind, rest3):
    result = kind.run(rest3.call("tasks.task.get", {"id": 7, "select": ["id"]}))
    assert result == {"item": {"id": 7}}
    with pytest.raises(ApiError) as caught:
        kind.run(rest3.call("tasks.task.get", {"id": 99999}))
    assert caught.value.method == "tasks.task.get"


def test_a_list_is_read_whole_with_conditions(kind, rest3):
    some = condition("id", "between", [10, 12]) | condition("id", "in", [20, 99999])
    for filter, ids in [
        (None, list(range(1, 121))),
        ([["id", ">", 118]], [119, 120]),
        (condition("id", "<=", 2), [1, 2]),
        (condition("id", ">", 10) & some, [11, 12, 20]),
        (~condition("id", ">", 3), [1, 2, 3]),
        (~some & condition("id", "<", 12), list(range(1, 10))),
    ]:
        rows = rest3.list("tasks.task.list", select=["id"], filter=filter)
        assert [row["id"] for row in kind.all(rows)] == ids, filter
        assert rows.report.rows == len(ids)


def test_a_list_is_resumed_and_becomes_a_dataframe(kind, rest3):
    rows = rest3.list("tasks.task.list", select=["id", "title"], resume_after=115)
    table = kind.run(rows.to_arrow())
    assert table.column("id").to_pylist() == [116, 117, 118, 119, 120]
    assert rows.report.rows == 5
    with pytest.raises(ValueError, match="has no export"):
        kind.run(rest3.list("tasks.task.list").export("tasks.csv"))


def test_calls_of_a_batch_refer_to_each_other_and_end_at_the_first_failure(kind, rest3):
    outcomes = kind.run(
        rest3.batch(
            {
                "rows": ("tasks.task.list", {"filter": [["id", "in", [5, 6]]], "order": {"id": "ASC"}}),
                "change": ("tasks.task.update", {"id": reference("rows.1.id"), "fields": {"title": "new"}}),
                "seen": ("tasks.task.list", {"filter": [["id", "in", column("rows.id")]], "select": ["id"]}),
                "none": ("tasks.task.update", {"id": reference("rows.7.id"), "fields": {"title": "x"}}),
                "last": ("tasks.task.get", {"id": 5}),
            }
        )
    )
    assert [(key, one.status) for key, one in outcomes.items()] == [
        ("rows", "done"),
        ("change", "done"),
        ("seen", "done"),
        ("none", "not_run"),
        ("last", "not_run"),
    ]
    assert sorted(row["id"] for row in outcomes["seen"].value()["items"]) == [5, 6]
    assert outcomes["none"].error.kind == "EmptyReference"
    assert kind.run(rest3.call("tasks.task.get", {"id": 6}))["item"]["title"] == "new"


def test_a_write_whose_reply_is_lost_is_repeated_and_done_once(kind, bitrix_portal):
    client = kind.client(bitrix_portal.webhook, rate=None)
    kind.run(client.rest3.call("tasks.task.get", {"id": 1}))
    bitrix_portal.set_faults("reset-after on=tasks.task.add times=1")
    fields = {"title": "Once", "creatorId": 1, "responsibleId": 1}
    made = kind.run(client.rest3.call("tasks.task.add", {"fields": fields}, idempotency_key="order 7"))
    again = kind.run(client.rest3.call("tasks.task.add", {"fields": fields}, idempotency_key="order 7"))
    assert made == again
    assert len(list(Client(bitrix_portal.webhook, rate=None).list("tasks.task.list", select=["ID"]))) == 121


def test_fields_and_methods_are_told(kind, rest3):
    fields = kind.run(rest3.fields("tasks.task"))
    assert fields["id"].kind == "integer"
    assert "tasks.task.list" in {path.strip("/") for path in kind.run(rest3.openapi())["paths"]}


def test_conditions_become_what_the_portal_takes():
    one, two, three = (condition(name, "=", 1) for name in "abc")
    assert (one & two & three)._as_json() == [["a", "=", 1], ["b", "=", 1], ["c", "=", 1]]
    assert (one | two | three)._as_json() == {
        "logic": "or",
        "conditions": [["a", "=", 1], ["b", "=", 1], ["c", "=", 1]],
    }
    assert (one & (two | three))._as_json() == [
        ["a", "=", 1],
        {"logic": "or", "conditions": [["b", "=", 1], ["c", "=", 1]]},
    ]
    assert (~one | ~(two & three))._as_json() == {
        "logic": "or",
        "conditions": [
            {"logic": "and", "negative": True, "conditions": [["a", "=", 1]]},
            {"logic": "and", "negative": True, "conditions": [["b", "=", 1], ["c", "=", 1]]},
        ],
    }
    assert (~~one)._as_json() == one._as_json()
    with pytest.raises(ValueError, match="^operator "):
        condition("a", "like", 1)
    with pytest.raises(TypeError, match="joined by &"):
        assert one and two
