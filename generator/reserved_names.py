"""Names that generated code must not define, because it uses them itself or because the package exports them."""

from __future__ import annotations

import ast
import builtins
import functools
import keyword
from pathlib import Path
from typing import Final

from sendcloud_integrations_client.runtime import readers

__all__ = [
    "ATTRIBUTES",
    "BODY_FIELDS",
    "IMPORTED",
    "METHODS",
    "PARAMETERS",
    "RESOURCES",
    "get_reserved_class_names",
]

_PACKAGE: Final = Path(__file__).resolve().parent.parent / "sendcloud_integrations_client"

IMPORTED: Final = frozenset(
    {
        "Any",
        "Awaitable",
        "BASE_PATH",
        "BASE_URL",
        "BaseClient",
        "Callable",
        "ClassVar",
        "Coroutine",
        "Final",
        "Literal",
        "Mapping",
        "Self",
        "Sequence",
        "TYPE_CHECKING",
        "UUID",
        "UNSET",
        "FieldMismatchError",
        "InvalidInputError",
        "Model",
        "NextInBody",
        "OnDecodeError",
        "OpenEnum",
        "Operation",
        "OPERATION",
        "Page",
        "PageNumber",
        "Paginator",
        "Resources",
        "Response",
        "Rule",
        "RuleReference",
        "RuleUnion",
        "SecurityScheme",
        "Sender",
        "Style",
        "UndecodedPage",
        "UndecodedValues",
        "Unset",
        "attrs",
        "build_body",
        "check_on_decode_error",
        "build_headers",
        "build_json_body",
        "build_path",
        "build_query",
        "build_response",
        "build_styled_query",
        "builtins",
        "cached_property",
        "date",
        "datetime",
        "decode_bytes",
        "decode_record",
        "decode_records",
        "decode_text",
        "decode_typed",
        "decode_value",
        "hide_value",
        "httpx",
        "itemgetter",
        "new",
        "overload",
        "to_entries",
        "to_page_number",
        "validate_value",
        *readers.__all__,
    }
)
"""Names that the templates import. A test compares them with the templates."""

_TYPES_IN_ANNOTATIONS: Final = frozenset({"bool", "bytes", "dict", "float", "int", "list", "object", "str", "type"})

ATTRIBUTES: Final = frozenset(
    {
        "additional_properties",
        "decode_object",
        "from_dict",
        "get_source",
        "self",
        "to_dict",
        "validate",
        "validation_rule",
        "wire_names",
        *(name for name in IMPORTED if name.islower()),
        *(_TYPES_IN_ANNOTATIONS - {"object", "type"}),
    }
)
"""Attributes of models: members of `Model`, and names that annotations and decoding in the class use."""

_ARGUMENTS_OF_ALL: Final = frozenset(
    {"accept", "body", "call", "client", "isinstance", "on_decode_error", "on_headers", "self"}
)

BODY_FIELDS: Final = _ARGUMENTS_OF_ALL
"""Fields of a body as arguments: the other arguments, and names that the code of these functions uses."""

PARAMETERS: Final = frozenset(
    {
        "cursor_",
        "fetch",
        "fetched",
        "response",
        *_ARGUMENTS_OF_ALL,
        *(name for name in IMPORTED if name.islower() and name not in {"date", "new", "attrs"}),
    }
)
"""Parameters as arguments: the other arguments, and names that the code of these functions uses."""

METHODS: Final = (
    frozenset({"with_response", "property", "classmethod", "staticmethod"})
    | {name for name in IMPORTED if name.islower()}
    | (_TYPES_IN_ANNOTATIONS - {"list"})  # generated code writes builtins.list
)
"""Methods of a resource: its other members, and names that annotations in the class use."""

RESOURCES: Final = frozenset(
    {
        "aclose",
        "base_url_variable",
        "cached_property",
        "default_base_url",
        "http",
        "identity",
        "priority",
        "rate_limits",
        "retries",
        "security_schemes",
        "send",
        "timeout",
        "with_options",
    }
)
"""Attributes of the client that are no resources. A test compares them with the client."""


@functools.cache
def get_reserved_class_names() -> frozenset[str]:
    """Return the names that no generated class may have: builtins, keywords, imports, and exports of the package."""
    return frozenset({*dir(builtins), *keyword.kwlist, *IMPORTED, *_read_exports()})


def _read_exports() -> set[str]:
    """Return the names that the package exports. It is parsed, because `generated` may not exist yet."""
    tree = ast.parse((_PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.asname for node in imports for alias in node.names if alias.asname}
