"""The typed model of openapi-python-client for a named document.

Overlay, normalization and naming rewrite a document after it was validated. Reading the result with the model of
openapi-python-client ensures that it is OpenAPI again, before code is generated from it.
"""

from __future__ import annotations

from typing import Any, Final

from openapi_python_client.parser import GeneratorData
from openapi_python_client.schema import OpenAPI
from pydantic import ValidationError

from generator.documents import to_single_line
from generator.normalization import UnsupportedError
from generator.structure import Document, Location, format_location

__all__ = ["read_generator_data"]

_TAGS: Final = frozenset({"ref", "other"})


def read_generator_data(document: Document) -> GeneratorData:
    """Validate a named document, and return what a project of openapi-python-client needs of it.

    `GeneratorData.from_dict` is not used. Its models keep no constraints, it rejects header parameters that are lists,
    and it raises an error for enum values that differ in letter case only, so `generator.plans` and
    `generator.model_plans` take the place of its endpoints and models.

    Raises:
        UnsupportedError: The document is not valid OpenAPI. The message contains the first error and its position.
    """
    try:
        info = OpenAPI.model_validate(document).info
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = format_location(_drop_tags(document, first["loc"]))
        problem = to_single_line(first["msg"])
        raise UnsupportedError(f"{to_single_line(place)}: not valid OpenAPI with the overlay ({problem})") from None
    return GeneratorData(
        title=info.title,
        description=info.description,
        version=info.version,
        models=[],
        enums=[],
        errors=[],
        endpoint_collections_by_tag={},
    )


def _drop_tags(document: Document, location: Location) -> Location:
    """Return the location of an error without the names of the alternatives that the model has for an object."""
    node: Any = document
    found: list[str | int] = []
    for part in location:
        is_key = isinstance(node, dict) and part in node
        if is_key or isinstance(node, list):
            node = node[part]
        elif part in _TAGS:
            continue
        found.append(part)
    return tuple(found)
