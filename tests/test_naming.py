"""Whatever a contract holds gets a name that a person would choose, with or without the overlay."""

from __future__ import annotations

from typing import Any

import pytest

from generator.naming import NamingError, name_document, operations_of


def contract(paths: dict[str, Any], schemas: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas or {}}}


def one(path: str, method: str, operation_id: str = "", **more: Any) -> dict[str, Any]:
    document = contract({path: {method: {"operationId": operation_id, "responses": {"204": {}}, **more}}})
    return next(operation for _, _, operation in operations_of(name_document(document)))


@pytest.mark.parametrize(
    ("method", "path", "operation_id", "name", "resource", "python_method"),
    [
        ("get", "/webhooks", "", "list_webhooks", "webhooks", "list"),
        ("get", "/webhooks/{id}", "", "retrieve_webhook", "webhooks", "retrieve"),
        ("post", "/webhooks", "sc-public-v3-integrations-post-create_webhook", "create_webhook", "webhooks", "create"),
        ("put", "/webhooks/{id}", "", "replace_webhook", "webhooks", "replace"),
        ("patch", "/webhooks/{id}", "", "update_webhook", "webhooks", "update"),
        ("delete", "/webhooks/{id}", "", "delete_webhook", "webhooks", "delete"),
        ("get", "/integrations/{id}/webhooks", "", "list_integration_webhooks", "webhooks", "list"),
        ("delete", "/integrations/{id}/webhooks/{w}", "", "delete_integration_webhook", "webhooks", "delete"),
        ("get", "/shop-categories", "", "list_shop_categories", "shop_categories", "list"),
        ("get", "/shop-categories/{id}", "", "retrieve_shop_category", "shop_categories", "retrieve"),
        (
            "post",
            "/integrations/{id}/refresh",
            "sc-public-v3-integrations-post-refresh_integration",
            "refresh_integration",
            "integrations",
            "refresh",
        ),
    ],
)
def test_an_operation_without_an_overlay_entry_is_named_by_its_path(
    method: str, path: str, operation_id: str, name: str, resource: str, python_method: str
) -> None:
    operation = one(path, method, operation_id)
    assert (operation["x-name"], operation["x-resource"], operation["x-method"]) == (name, resource, python_method)


def test_a_path_parameter_called_id_is_named_after_its_owner() -> None:
    parameters = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    assert one("/webhooks/{id}", "get", parameters=parameters)["parameters"][0]["x-name"] == "webhook_id"


def test_two_operations_of_one_name_are_refused() -> None:
    operation = {"x-name": "same", "responses": {"204": {}}}
    with pytest.raises(NamingError, match=r"GET /a and GET /b would both be same"):
        name_document(contract({"/a": {"get": dict(operation)}, "/b": {"get": dict(operation)}}))


def test_a_method_that_is_taken_makes_way_for_the_operations_whole_name() -> None:
    responses = {"responses": {"204": {}}}
    document = contract({"/tags": {"get": dict(responses)}, "/integrations/{id}/tags": {"get": dict(responses)}})
    assert [operation["x-method"] for _, _, operation in operations_of(name_document(document))] == [
        "list",
        "list_integration_tags",
    ]


def test_schemas_lose_the_words_that_say_nothing() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    named = name_document(contract({}, {"tag-response-model": schema, "TagObject": {"x-class": "Label", **schema}}))
    assert list(named["components"]["schemas"]) == ["Tag", "Label"]


def test_inline_objects_and_enums_become_components_named_after_their_place() -> None:
    schema = {
        "type": "object",
        "properties": {
            "owners": {
                "type": "array",
                "items": {"type": "object", "properties": {"role": {"type": "string", "enum": ["a"]}}},
            },
            "address": {"type": ["object", "null"], "properties": {"city": {"type": "string"}}},
        },
    }
    named = name_document(contract({}, {"tag": schema}))
    assert set(named["components"]["schemas"]) == {"Tag", "TagOwner", "TagOwnerRole", "TagAddress"}
    properties = named["components"]["schemas"]["Tag"]["properties"]
    assert properties["owners"]["items"] == {"$ref": "#/components/schemas/TagOwner"}
    assert properties["address"]["anyOf"] == [{"$ref": "#/components/schemas/TagAddress"}, {"type": "null"}]


def test_equal_schemas_may_share_a_class_and_different_ones_may_not() -> None:
    def with_enums(first: list[str], second: list[str]) -> dict[str, Any]:
        enums = [
            {"type": "string", "enum": values, "x-class": "Colour", "description": "d"} for values in (first, second)
        ]
        return contract({}, {"tag": {"type": "object", "properties": {"a": enums[0], "b": enums[1]}}})

    assert "Colour" in name_document(with_enums(["x"], ["x"]))["components"]["schemas"]
    with pytest.raises(NamingError, match="two different schemas would be the class Colour"):
        name_document(with_enums(["x"], ["y"]))


def test_an_envelope_of_data_alone_is_taken_off() -> None:
    content = {"application/json": {"schema": {"type": "object", "properties": {"data": {"type": "string"}}}}}
    operation = one("/tags", "get", responses={"200": {"content": content}})
    assert operation["x-unwrap"] == "data"
    assert operation["responses"]["200"]["content"]["application/json"]["schema"] == {"type": "string"}
