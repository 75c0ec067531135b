"""Operations and schemas get readable names, with or without an overlay entry."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from generator import naming
from generator.clashes import Clash, format_clashes
from generator.naming import NamingError
from generator.normalization import normalize
from generator.reserved_names import IMPORTED, RESOURCES, get_reserved_class_names
from generator.structure import iterate_operations
from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.base_client import BaseClient

TEMPLATES = Path(__file__).parents[2] / "openapi" / "templates"


def build_document(paths: dict[str, Any], schemas: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas or {}}}


def name_document(document: dict[str, Any], clashes: list[Clash] | None = None) -> dict[str, Any]:
    """Return the named document."""
    return naming.name_document(normalize(document), clashes)


def name_operation(path: str, method: str, operation_id: str = "", **more: Any) -> dict[str, Any]:
    """Return the only operation of a document after naming."""
    document = build_document({path: {method: {"operationId": operation_id, "responses": {"204": {}}, **more}}})
    return next(operation for _, _, operation in iterate_operations(name_document(document)))


JSON = "application/json"
RECORD = {"type": "object", "properties": {"id": {"type": "integer"}}}
PAGE = {"type": "object", "properties": {"results": {"type": "array", "items": RECORD}, "next": {"type": "string"}}}


def respond(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the responses of an operation with a JSON body."""
    return {"200": {"description": "OK", "content": {JSON: {"schema": schema}}}}


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
        build_body_document({"tag-response-model": schema, "TagObject": {"x-class": "Label", **schema}})
    )
    assert list(named["components"]["schemas"]) == ["Tag", "Label"]


def build_body_document(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return a document with an operation per schema that returns it, because schemas without a use are not named."""
    paths = {
        f"/uses/{number}": {"get": {"responses": respond({"$ref": f"#/components/schemas/{name}"})}}
        for number, name in enumerate(schemas)
    }
    return build_document(paths, schemas)


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
    named = name_document(build_body_document({"tag": schema}))
    assert set(named["components"]["schemas"]) == {"Tag", "TagOwner", "TagOwnerRole", "TagAddress"}
    properties = named["components"]["schemas"]["Tag"]["properties"]
    assert properties["owners"]["items"] == {"$ref": "#/components/schemas/TagOwner"}
    assert properties["address"]["anyOf"] == [{"$ref": "#/components/schemas/TagAddress"}, {"type": "null"}]


def test_equal_schemas_share_a_class_and_different_ones_are_rejected() -> None:
    def with_enums(first: list[str], second: list[str]) -> dict[str, Any]:
        enums = [
            {"type": "string", "enum": values, "x-class": "Colour", "description": "d"} for values in (first, second)
        ]
        return build_body_document({"tag": {"type": "object", "properties": {"a": enums[0], "b": enums[1]}}})

    assert "Colour" in name_document(with_enums(["x"], ["x"]))["components"]["schemas"]
    with pytest.raises(NamingError, match="Two different schemas would be the class Colour"):
        name_document(with_enums(["x"], ["y"]))


def test_envelope_with_only_data_is_removed() -> None:
    content = {"application/json": {"schema": {"type": "object", "properties": {"data": {"type": "string"}}}}}
    operation = name_operation("/tags", "get", responses={"200": {"content": content}})
    assert operation["x-unwrap"] == "data"
    assert operation["responses"]["200"]["content"]["application/json"]["schema"] == {"type": "string"}


@pytest.mark.parametrize(
    ("method", "path", "schema", "resource", "python_method"),
    [
        ("get", "/integrations/{id}/health", RECORD, "health", "retrieve"),
        ("get", "/account", RECORD, "account", "retrieve"),
        ("get", "/settings", RECORD, "settings", "retrieve"),
        ("get", "/account", {"type": "array", "items": RECORD}, "account", "list"),
        ("get", "/account", {"type": "object", "properties": {"data": {"type": "array"}}}, "account", "list"),
        ("get", "/parcels", PAGE, "parcels", "list"),
        (
            "get",
            "/account",
            {"type": "object", "properties": {"addresses": PAGE["properties"]["results"], "name": {}}},
            "account",
            "retrieve",
        ),
        ("get", "/status", {"type": "string"}, "status", "retrieve"),
    ],
)
def test_shape_of_the_success_body_decides_between_list_and_retrieve(
    method: str, path: str, schema: dict[str, Any], resource: str, python_method: str
) -> None:
    operation = name_operation(path, method, responses=respond(schema))
    assert (operation["x-resource"], operation["x-method"]) == (resource, python_method)


@pytest.mark.parametrize(
    ("operation_id", "python_method"),
    [
        ("x-get-list_health", "list"),
        ("x-get-retrieve_health", "retrieve"),
        ("x-get-health", "retrieve"),
        ("", "retrieve"),
    ],
)
def test_verb_of_the_operation_id_decides_if_the_schema_says_nothing(operation_id: str, python_method: str) -> None:
    assert name_operation("/health", "get", operation_id)["x-method"] == python_method


def test_leading_word_of_the_noun_is_no_verb() -> None:
    document = build_document(
        {
            "/shop-order-statuses": {
                "get": {"responses": respond({"type": "array", "items": RECORD})},
                "post": {"operationId": "sc-public-v3-post-shop_order_statuses", "responses": {"204": {}}},
            },
            "/list-prices": {"get": {"operationId": "x-get-list_prices", "responses": respond(RECORD)}},
        }
    )
    methods = [(one["x-resource"], one["x-method"]) for _, _, one in iterate_operations(name_document(document))]
    assert methods == [("shop_order_statuses", "list"), ("shop_order_statuses", "create"), ("list_prices", "retrieve")]


@pytest.mark.parametrize(
    ("path", "resource", "python_method", "name"),
    [
        ("/integrations/{id}/pause", "integrations", "pause", "pause_integration"),
        ("/integrations/{id}/import", "integrations", "import_", "import_integration"),
        ("/parcels/{id}/cancel", "parcels", "cancel", "cancel_parcel"),
        ("/parcels/validate", "parcels", "validate", "validate_parcel"),
        ("/shipments/announce-with-rules", "shipments", "announce_with_rules", "announce_with_rules_shipment"),
        ("/parcels/{id}/labels", "labels", "create", "create_parcel_label"),
        ("/parcels/{id}/status-history", "parcels", "status_history", "status_history_parcel"),
        ("/validate", "validate", "create", "create_validate"),
    ],
)
def test_segment_with_post_only_is_an_action_unless_it_is_a_plural_noun(
    path: str, resource: str, python_method: str, name: str
) -> None:
    operation = name_operation(path, "post")
    assert (operation["x-resource"], operation["x-method"], operation["x-name"]) == (resource, python_method, name)


def test_segment_with_child_paths_or_other_methods_is_no_action() -> None:
    responses = {"responses": {"204": {}}}
    for other in ({"/parcels/{id}/cancel/{x}": {"get": dict(responses)}}, {}):
        item = {"post": dict(responses)} if other else {"post": dict(responses), "delete": dict(responses)}
        named = name_document(build_document({"/parcels/{id}/cancel": item, **other}))
        assert named["paths"]["/parcels/{id}/cancel"]["post"]["x-resource"] == "cancel"


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("warehouses", "warehouse"),
        ("batches", "batch"),
        ("branches", "branch"),
        ("customs", "customs"),
        ("series", "series"),
        ("addresses", "address"),
        ("statuses", "status"),
        ("shop-order-statuses", "shop_order_status"),
        ("policies", "policy"),
        ("boxes", "box"),
        ("indices", "index"),
        ("analytics", "analytics"),
        ("people", "person"),
        ("buses", "bus"),
        ("process", "process"),
    ],
)
def test_singular_comes_from_inflect(plural: str, singular: str) -> None:
    assert name_operation(f"/{plural}/{{id}}", "delete")["x-name"] == f"delete_{singular}"


@pytest.mark.parametrize(
    ("segment", "resource"), [("größen", "grossen"), ("straße", "strasse"), ("blåbær", "blabaer"), ("łódź", "lodz")]
)
def test_letters_that_are_not_ascii_become_ascii(segment: str, resource: str) -> None:
    assert name_operation(f"/{segment}", "get")["x-resource"] == resource


def test_resource_does_not_clash_with_members_of_the_client() -> None:
    clashes: list[Clash] = []
    document = build_document({"/send/{id}": {"get": {"responses": {"204": {}}}}})
    operation = next(one for _, _, one in iterate_operations(name_document(document, clashes)))
    assert (operation["x-resource"], operation["x-method"]) == ("send_", "retrieve")
    assert format_clashes(clashes) == [
        "client.send is a member of the client; named client.send_. To rename it, add to the overlay: "
        "{target: \"$.paths['/send/{id}'].get\", update: {x-resource: NAME}}"
    ]


CLASSES = ["Any", "Model", "Response", "Self", "2fa", "webhook-event", "list", "Exception", "Rule", "Page", "datetime"]


def test_reserved_class_names_are_avoided_and_listed() -> None:
    clashes: list[Clash] = []
    named = name_document(build_body_document(dict.fromkeys(CLASSES, RECORD)), clashes)
    names = list(named["components"]["schemas"])
    assert names[:5] == ["AnyModel", "ModelModel", "ResponseModel", "SelfModel", "Model2fa"]
    assert not set(names) & get_reserved_class_names()
    assert all(name.isidentifier() for name in names)
    lines = format_clashes(clashes)
    assert "WebhookEvent is a name of Python or of the package; named WebhookEventModel" in "\n".join(lines)
    assert len(lines) == len(CLASSES) - 3  # Model2fa, List and Datetime are free


def test_class_with_a_taken_name_is_named_by_its_context() -> None:
    events = {"type": "string", "enum": ["a"]}
    webhook = {"type": "object", "properties": {"events": {"type": "array", "items": events}}}
    clashes: list[Clash] = []
    named = name_document(
        build_body_document({"webhook-object": webhook, "tag": RECORD, "tag-object": webhook}), clashes
    )
    assert list(named["components"]["schemas"]) == [
        "Webhook",
        "Tag",
        "TagObject",
        "WebhookObjectEvent",
        "TagObjectEvent",
    ]
    assert [clash.wanted for clash in sorted(clashes)] == ["Tag", "WebhookEvent"]
    assert "$.components.schemas['webhook-object'].properties.events.items" in "\n".join(format_clashes(clashes))


def test_names_do_not_depend_on_the_order_of_paths_and_schemas() -> None:
    paths = {
        f"{prefix}/tags": {"get": {"responses": respond({"$ref": f"#/components/schemas/{name}"})}}
        for prefix, name in (("", "tag"), ("/a/{a}", "tag-model"), ("/b/{b}", "Tag"), ("/v2", "tagItem"))
    }
    schemas = {name: {"type": "object", "properties": {name: {}}} for name in ("tag", "tag-model", "Tag", "tagItem")}

    def name(paths: dict[str, Any], schemas: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        clashes: list[Clash] = []
        named = name_document(build_document(paths, schemas), clashes)
        operations = {
            path: (one["x-name"], one["x-method"], one["responses"]) for path, _, one in iterate_operations(named)
        }
        return {**operations, **named["components"]["schemas"]}, format_clashes(clashes)

    backwards = dict(reversed(paths.items())), dict(reversed(schemas.items()))
    assert name(paths, schemas) == name(*backwards)
    assert len({one["x-name"] for _, _, one in iterate_operations(name_document(build_document(paths, schemas)))}) == 4


def test_every_reserved_name_of_generated_code_is_known() -> None:
    imported = {
        name.strip()
        for template in TEMPLATES.glob("*.jinja")
        for names in re.findall(
            r"^(?:    )?(?:from sendcloud\S+|from [a-z.]+) import \(?([^({]+?)\)?$", template.read_text(), re.MULTILINE
        )
        for name in names.split(",")
    }
    assert len(imported) > 50
    assert imported - {"", "annotations"} <= IMPORTED


def test_every_member_of_the_client_is_reserved() -> None:
    client = SendcloudIntegrations(auth=BasicAuth("a", "b"))
    members = {name for name in dir(BaseClient) if not name.startswith("_")}
    assert members <= RESOURCES
    assert members <= set(dir(client))
