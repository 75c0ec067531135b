"""The contract as the wire keeps it, and whether an answer keeps to it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from generator.build import CONTRACT, OVERLAY
from generator.documents import parse_yaml, read_document
from generator.naming import operations_of, resolve
from generator.overlay import apply_overlay
from sendcloud_integrations_client.testing.messages import Answer

CONFORMANCE = Path(CONTRACT).with_name("conformance.yml")


@cache
def document() -> dict[str, Any]:
    """The contract with `openapi/conformance.yml` laid over it."""
    return apply_overlay(read_document(CONTRACT), parse_yaml(CONFORMANCE.read_bytes(), CONFORMANCE.name))


def violations(operation: str, answer: Answer) -> list[str]:
    """What an answer of an operation says that the contract does not allow, a line each."""
    declared = _operations()[operation]["responses"].get(str(answer.status))
    if declared is None:
        return [f"{operation}: {answer.status} is not declared"]
    declared = resolve(document(), declared)
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    found = [
        f"{operation} {answer.status}: the header {name} is not declared"
        for name in headers.keys() - {"content-type", "retry-after", "www-authenticate"}
        if name not in {known.lower() for known in declared.get("headers", {})}
    ]
    content: dict[str, Any] = declared.get("content", {})
    if not content:
        return found + ([f"{operation} {answer.status}: has a body"] if answer.content else [])
    kind = headers.get("content-type", "none")
    if kind not in content:
        return [*found, f"{operation} {answer.status}: is of type {kind}"]
    problems = _validator(operation, str(answer.status), kind).iter_errors(orjson.loads(answer.content))
    return found + [f"{operation} {answer.status}: {one.message} at {one.instance_path}" for one in problems]


@cache
def _operations() -> dict[str, dict[str, Any]]:
    named = apply_overlay(read_document(CONTRACT), parse_yaml(OVERLAY.read_bytes(), OVERLAY.name))
    return {one["x-name"]: document()["paths"][path][method] for path, method, one in operations_of(named)}


@cache
def _validator(operation: str, status: str, kind: str) -> Any:
    declared = resolve(document(), _operations()[operation]["responses"][status])
    schema = {**declared["content"][kind]["schema"], "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, ignore_unknown_formats=True)
