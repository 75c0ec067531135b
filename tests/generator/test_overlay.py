"""Overlays are applied according to OpenAPI Overlay 1.0, and unmatched actions are errors."""

from __future__ import annotations

from typing import Any

import pytest

from generator.overlay import OverlayError, apply_overlay


def overlay(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": list(actions)}


def test_objects_are_merged_recursively_without_modifying_the_document() -> None:
    document = {"info": {"title": "a", "contact": {"name": "n"}}}
    result = apply_overlay(document, overlay({"target": "$.info", "update": {"title": "b", "contact": {"url": "u"}}}))
    assert result == {"info": {"title": "b", "contact": {"name": "n", "url": "u"}}}
    assert document == {"info": {"title": "a", "contact": {"name": "n"}}}


def test_updates_of_lists_append_items() -> None:
    document = {"tags": ["a"], "op": {"tags": ["b"]}}
    actions = ({"target": "$.tags", "update": "c"}, {"target": "$.op", "update": {"tags": ["d"]}})
    assert apply_overlay(document, overlay(*actions)) == {"tags": ["a", "c"], "op": {"tags": ["b", "d"]}}


def test_remove_deletes_all_matching_list_items() -> None:
    document = {"items": [{"x": 1}, {"x": 2}, {"x": 1}, {"x": 3}]}
    result = apply_overlay(document, overlay({"target": "$.items[?@.x == 1]", "remove": True}))
    assert result == {"items": [{"x": 2}, {"x": 3}]}


def test_actions_see_the_result_of_earlier_actions() -> None:
    actions = ({"target": "$", "update": {"a": {}}}, {"target": "$.a", "update": {"b": 1}})
    assert apply_overlay({}, overlay(*actions)) == {"a": {"b": 1}}


def test_nodes_updated_by_one_action_do_not_share_objects() -> None:
    result = apply_overlay(
        {"a": {}, "b": {}},
        overlay({"target": "$.*", "update": {"x": {"y": 1}}}, {"target": "$.a.x", "update": {"y": 2}}),
    )
    assert result == {"a": {"x": {"y": 2}}, "b": {"x": {"y": 1}}}


def test_all_unmatched_actions_are_reported_with_their_reasons() -> None:
    actions = (
        {"target": "$.missing", "description": "A stale\nname.", "update": {}},
        {"target": "$.present", "update": {}},
        {"target": "$.gone", "remove": True},
    )
    with pytest.raises(OverlayError) as caught:
        apply_overlay({"present": {}}, overlay(*actions))
    assert str(caught.value).splitlines() == [
        "action 1 matches nothing: $.missing (A stale name.)",
        "action 3 matches nothing: $.gone",
    ]


@pytest.mark.parametrize(
    "malformed",
    [
        overlay({"target": "$["}),
        overlay({"target": "$[", "update": {}}),
        overlay({"update": {}}),
        overlay({"target": "$", "remove": True}),
        overlay({"target": "$.text", "update": "other"}),
        {"overlay": "2.0.0", "actions": []},
        {"actions": []},
    ],
)
def test_malformed_overlay_is_rejected(malformed: dict[str, Any]) -> None:
    with pytest.raises(OverlayError):
        apply_overlay({"text": "x"}, malformed)
