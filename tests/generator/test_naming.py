"""Operations and schemas get readable names, with or without an overlay entry."""

from __future__ import annotations

from typing import Any

import pytest

from generator.naming import NamingError, iterate_operations, name_document


def build_document(paths: dict[str, Any], schemas: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas or {}}}


def name_operation(path: str, method: str, operation_id: str = "", **more: Any) -> dict[str, Any]:
    """Return the only operation of a document after naming."""
    document = build_document({path: {method: {"operationId": operation_id, "responses": {"204": {}}, **more}}})
    return next(operation for _, _, operation in iterate_operations(name_document(document)))


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
def test_operation_without_overlay_entry_is_named_after_its_path(
    method: str, path: str, operation_id: str, name: str, resource: str, python_method: str
) -> None:
    operation = name_operation(path, method, operation_id)
    assert (operation["x-name"], operation["x-resource"], operation["x-method"]) == (name, resource, python_method)


def test_path_parameter_id_is_named_after_its_resource() -> None:
    parameters = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    assert name_operation("/webhooks/{id}", "get", parameters=parameters)["parameters"][0]["x-name"] == "webhook_id"


def test_duplicate_operation_names_are_rejected() -> None:
    operation = {"x-name": "same", "responses": {"204": {}}}
    with pytest.raises(NamingError, match=r"GET /a and GET /b would both be same"):
        name_document(build_document({"/a": {"get": dict(operation)}, "/b": {"get": dict(operation)}}))


def test_second_operation_with_the_same_method_name_uses_its_full_name() -> None:
    responses = {"responses": {"204": {}}}
    document = build_document({"/tags": {"get": dict(responses)}, "/integrations/{id}/tags": {"get": dict(responses)}})
    assert [operation["x-method"] for _, _, operation in iterate_operations(name_document(document))] == [
        "list",
        "list_integration_tags",
    ]


def test_schema_names_omit_generic_words() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    named = name_document(
        build_document({}, {"tag-response-model": schema, "TagObject": {"x-class": "Label", **schema}})
    )
    assert list(named["components"]["schemas"]) == ["Tag", "Label"]


def test_inline_objects_and_enums_become_components_named_after_their_parent() -> None:
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
    named = name_document(build_document({}, {"tag": schema}))
    assert set(named["components"]["schemas"]) == {"Tag", "TagOwner", "TagOwnerRole", "TagAddress"}
    properties = named["components"]["schemas"]["Tag"]["properties"]
    assert properties["owners"]["items"] == {"$ref": "#/components/schemas/TagOwner"}
    assert properties["address"]["anyOf"] == [{"$ref": "#/components/schemas/TagAddress"}, {"type": "null"}]


def test_equal_schemas_share_a_class_and_different_ones_are_rejected() -> None:
    def with_enums(first: list[str], second: list[str]) -> dict[str, Any]:
        enums = [
            {"type": "string", "enum": values, "x-class": "Colour", "description": "d"} for values in (first, second)
        ]
        return build_document({}, {"tag": {"type": "object", "properties": {"a": enums[0], "b": enums[1]}}})

    assert "Colour" in name_document(with_enums(["x"], ["x"]))["components"]["schemas"]
    with pytest.raises(NamingError, match="Two different schemas would be the class Colour"):
        name_document(with_enums(["x"], ["y"]))


def test_envelope_with_only_data_is_removed() -> None:
    content = {"application/json": {"schema": {"type": "object", "properties": {"data": {"type": "string"}}}}}
    operation = name_operation("/tags", "get", responses={"200": {"content": content}})
    assert operation["x-unwrap"] == "data"
    assert operation["responses"]["200"]["content"]["application/json"]["schema"] == {"type": "string"}
