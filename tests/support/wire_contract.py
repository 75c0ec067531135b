"""Validation of responses against the OpenAPI document, as amended by `openapi/conformance.yml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from generator.build import OPENAPI_DOCUMENT, OVERLAY
from generator.documents import parse_yaml, read_document
from generator.overlay import apply_overlay
from generator.structure import HTTP_METHODS, iterate_operations, resolve
from sendcloud_integrations_client.runtime.lenient_json import parse_json  # a test may arrange lone surrogates
from sendcloud_integrations_client.testing.messages import SimulatedResponse

CONFORMANCE = Path(OPENAPI_DOCUMENT).with_name("conformance.yml")


@cache
def load_document() -> dict[str, Any]:
    """Return the OpenAPI document with the overlay `openapi/conformance.yml` applied."""
    return apply_overlay(read_document(OPENAPI_DOCUMENT), parse_yaml(CONFORMANCE.read_bytes(), CONFORMANCE.name))


def load_simulated_document() -> dict[str, Any]:
    """Return the document without operations that are not simulated: those that are new and have no name yet."""
    simulated = [id(operation) for operation in _load_operations().values()]
    document = load_document()
    paths = {
        path: {key: one for key, one in item.items() if key not in HTTP_METHODS or id(one) in simulated}
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def find_violations(operation: str, response: SimulatedResponse) -> list[str]:
    """Return one line per violation of the OpenAPI document in a response of an operation."""
    declaration = _load_operations()[operation]["responses"].get(str(response.status))
    if declaration is None:
        return [f"{operation}: {response.status} is not declared"]
    declaration = resolve(load_document(), declaration)
    headers = {name.decode(): value.decode() for name, value in response.headers}
    found = [
        f"{operation} {response.status}: the header {name} is not declared"
        for name in headers.keys() - {"content-type", "retry-after", "www-authenticate"}
        if name not in {known.lower() for known in declaration.get("headers", {})}
    ]
    content: dict[str, Any] = declaration.get("content", {})
    if not content:
        return found + ([f"{operation} {response.status}: has a body"] if response.content else [])
    content_type = headers.get("content-type", "none")
    if content_type not in content:
        return [*found, f"{operation} {response.status}: is of type {content_type}"]
    errors = _build_validator(operation, str(response.status), content_type).iter_errors(parse_json(response.content))
    return found + [f"{operation} {response.status}: {one.message} at {one.instance_path}" for one in errors]


@cache
def _load_operations() -> dict[str, dict[str, Any]]:
    named = apply_overlay(read_document(OPENAPI_DOCUMENT), parse_yaml(OVERLAY.read_bytes(), OVERLAY.name))
    return {  # an operation that is new in the document has no name in the overlay yet
        one["x-name"]: load_document()["paths"][path][method]
        for path, method, one in iterate_operations(named)
        if "x-name" in one
    }


@cache
def _build_validator(operation: str, status: str, content_type: str) -> Any:
    declaration = resolve(load_document(), _load_operations()[operation]["responses"][status])
    schema = {**declaration["content"][content_type]["schema"], "components": load_document()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, ignore_unknown_formats=True)
