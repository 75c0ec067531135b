"""Every call and every answer that the contract gives an example of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from generator.build import CONTRACT, prepared
from generator.naming import operations_of

__all__ = ["CONTRACT", "Exchange", "exchanges"]


@attrs.frozen
class Exchange:
    """One call of an operation, and the answer that is to come.

    Attributes:
        operation: Name of the operation.
        resource: Name of the client's attribute that has the method.
        method: The method's name.
        request: What the call is an example of, such as `required parameters`.
        arguments: Keyword arguments for the parameters, by their names in Python.
        body: The body as the contract's example has it; None for none.
        model: Name of the body's model.
        status: The answer's status.
        example: Name of the answer's example; empty where it has none.
        answer: The answer's body, out of its envelope; None for none.
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
    answer: Any

    def __str__(self) -> str:
        return "-".join(filter(None, [self.operation, self.request, str(self.status), self.example]))


def exchanges() -> Iterator[Exchange]:
    """Each operation's calls, with each of its answers."""
    for _, _, one in operations_of(prepared(CONTRACT)):
        for request, arguments, model, body in _calls(one):
            for status, answer in one["responses"].items():
                for example, value in _examples(answer) or [("", None)]:
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
                        answer=value[one["x-unwrap"]] if success and "x-unwrap" in one else value,
                    )


def _calls(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str, dict[str, Any] | None]]:
    """What it is an example of, the parameters, the body's model and the body."""
    parameters = operation.get("parameters", [])
    required = {one["x-name"]: _value(one) for one in parameters if one.get("required")}
    whole = {one["x-name"]: _value(one) for one in parameters}
    if "requestBody" not in operation:
        yield "required", required, "", None
        if whole != required:
            yield "all", whole, "", None
        return
    model = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    for name, body in _examples(operation["requestBody"]):
        yield name, whole, model, body


def _value(parameter: dict[str, Any]) -> Any:
    """The contract's example for a parameter; for one without, the least number that it may be."""
    schema = parameter["schema"]
    return parameter.get("example", schema.get("example", schema.get("minimum")))


def _examples(holder: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, example["value"])
        for media in holder.get("content", {}).values()
        for name, example in media.get("examples", {}).items()
    ]
