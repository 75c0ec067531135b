"""The document model of openapi-python-client.

Normalization and naming rewrite a document after it was validated. Reading the result with the model ensures that it is
OpenAPI again, before code is generated from it.
"""

from __future__ import annotations

from typing import Any, Final

from openapi_python_client.parser import GeneratorData
from openapi_python_client.schema import OpenAPI
from pydantic import ValidationError

from generator.structure import Document, Location, format_location

__all__ = ["DocumentModelError", "find_error", "read_generator_data"]

_REFERENCE_OR_OBJECT: Final = frozenset({"ref", "other"})


class DocumentModelError(Exception):
    """Raised if the model does not accept a document. The message contains an error and its location."""


def read_generator_data(document: Document) -> GeneratorData:
    """Read a named document, and return what a project of openapi-python-client needs of it.

    `GeneratorData.from_dict` is not used. Its models keep no constraints, it omits operations with header parameters
    that are lists, and it raises an error for enum values with equal Python names. `generator.plans` and
    `generator.model_plans` describe endpoints and models instead.

    Raises:
        DocumentModelError: The model does not accept the document.
    """
    try:
        info = OpenAPI.model_validate(document).info
    except ValidationError as error:
        location, problem = _describe(document, error)
        raise DocumentModelError(f"{format_location(location)}: {problem}") from None
    return GeneratorData(
        title=info.title,
        description=info.description,
        version=info.version,
        models=[],
        enums=[],
        errors=[],
        endpoint_collections_by_tag={},
    )


def find_error(document: Document) -> tuple[Location, str] | None:
    """Return location and text of an error that the model finds in a document; None if it finds none."""
    try:
        OpenAPI.model_validate(document)
    except ValidationError as error:
        return _describe(document, error)
    return None


def _describe(document: Document, error: ValidationError) -> tuple[Location, str]:
    """Return location and text of the error that is deepest in the document.

    For a value with alternatives, such as a schema or a boolean, the model reports an error per alternative. The one
    within the value belongs to the alternative that the value is meant to be.
    """
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    found = [(*_split_location(document, one["loc"]), one["msg"]) for one in errors]
    location, missing, text = max(found, key=lambda one: len(one[0]))
    return (*location, *missing), text


def _split_location(document: Document, location: Location) -> tuple[Location, Location]:
    """Return the part of an error's location that exists, and the key that is missing there, if any.

    The names that the model has for alternatives are omitted.
    """
    node: Any = document
    found: list[str | int] = []
    for part in location:
        if part in node if isinstance(node, dict) else isinstance(node, list) and isinstance(part, int):
            node = node[part]
            found.append(part)
    last = location[-1]
    is_missing = isinstance(node, dict) and last not in _REFERENCE_OR_OBJECT and found[-1:] != [last]
    return tuple(found), (last,) if is_missing else ()
