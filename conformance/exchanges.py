"""All requests and responses for which the OpenAPI document contains an example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from generator.build import OPENAPI_DOCUMENT, prepare_document
from generator.structure import iterate_operations

__all__ = ["OPENAPI_DOCUMENT", "Exchange", "iterate_exchanges"]


@attrs.frozen
class Exchange:
    """One call of an operation and its expected response.

    Attributes:
        operation: Name of the operation.
        resource: Name of the client attribute that has the method.
        method: Name of the method.
        request: Name of the request example; `required` or `all` parameters for an operation without a body.
        arguments: Keyword arguments for the parameters, by their names in Python.
        body: Request body of the example; None if the operation has no body.
        model: Name of the model of the request body; empty if the operation has no body.
        status: HTTP status of the response.
        example: Name of the response example; empty if the response has no example.
        response: Response body without its envelope; None if the response has no body.
    """

    operation: str
    resource: str
    method: str
    request: str
    arguments: dict[str, Any]
    body: dict[str, Any] | None
    model: str
    status: int
    example: str
    response: Any

    def __str__(self) -> str:
        return "-".join(filter(None, [self.operation, self.request, str(self.status), self.example]))


def iterate_exchanges() -> Iterator[Exchange]:
    """Yield each call of each operation, once per response of the operation."""
    for _, _, one in iterate_operations(prepare_document(OPENAPI_DOCUMENT)):
        for request, arguments, model, body in _iterate_calls(one):
            for status, response in one["responses"].items():
                for example, value in _list_examples(response) or [("", None)]:
                    success = int(status) < 300
                    yield Exchange(
                        operation=one["x-name"],
                        resource=one["x-resource"],
                        method=one["x-method"],
                        request=request,
                        arguments=arguments,
                        body=body,
                        model=model,
                        status=int(status),
                        example=example,
                        response=value[one["x-unwrap"]] if success and "x-unwrap" in one else value,
                    )


def _iterate_calls(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str, dict[str, Any] | None]]:
    """Yield name of the request example, arguments, name of the body model, and body of each call."""
    parameters = operation.get("parameters", [])
    required = {one["x-name"]: _get_example_value(one) for one in parameters if one.get("required")}
    all_arguments = {one["x-name"]: _get_example_value(one) for one in parameters}
    if "requestBody" not in operation:
        yield "required", required, "", None
        if all_arguments != required:
            yield "all", all_arguments, "", None
        return
    model = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    for name, body in _list_examples(operation["requestBody"]):
        yield name, all_arguments, model, body


def _get_example_value(parameter: dict[str, Any]) -> Any:
    """Return the example value of a parameter, or its minimum if it has no example."""
    schema = parameter["schema"]
    return parameter.get("example", schema.get("example", schema.get("minimum")))


def _list_examples(holder: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, example["value"])
        for media in holder.get("content", {}).values()
        for name, example in media.get("examples", {}).items()
    ]
