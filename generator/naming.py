"""Name each operation of a document, and its parameters.

Names come from the extensions in the overlay. An operation without an extension is named by rule, so that a new
endpoint becomes a well-named method without an overlay entry. A name that is taken is replaced by one with more
context; each such clash is recorded.

Extensions used here:
    x-name: name of an operation, or the Python name of a parameter.
    x-resource, x-method: resource and method name of an operation on the client, such as `logs` and `list`.
    x-unwrap: key of the success body whose value is returned to the caller.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

import attrs

from generator.clashes import Clash, format_query
from generator.class_names import name_classes
from generator.normalization import get_operation_place, is_json
from generator.pagination import set_pagination
from generator.reserved_names import METHODS, RESOURCES
from generator.structure import Document, Schema, iterate_operations, resolve
from generator.success_bodies import get_names_of_types, get_properties, get_success_schema
from generator.words import get_singular, is_plural, snake_case, to_identifier

__all__ = ["NamingError", "name_document"]

_VERBS: Final = {"get": "retrieve", "post": "create", "put": "replace", "patch": "update", "delete": "delete"}
_READ_VERBS: Final = {"list": "list", "search": "list", "retrieve": "retrieve", "show": "retrieve", "fetch": "retrieve"}
_PAGING_WORDS: Final = frozenset(
    {"next", "previous", "prev", "first", "last", "count", "total", "page", "pages", "size", "per", "limit", "offset"}
    | {"cursor", "has", "more", "current", "number", "results", "url", "link", "items", "records", "is", "page_info"}
)
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean", "null"})
_RESOURCE_OF_ROOT: Final = "api"


class NamingError(Exception):
    """Raised if the overlay sets a name that is invalid or taken. The message names the place."""


def name_document(document: Document, clashes: list[Clash] | None = None) -> Document:
    """Return a flattened copy of a document in which all schemas and operations are named.

    Each object and each enum is a component under its class name, success bodies have no envelope, and the operations
    carry their names.

    Args:
        document: Document from `generator.normalization.normalize`. It is not modified.
        clashes: Receives the names that were taken.

    Raises:
        NamingError: The overlay sets a name that is invalid, or the same name twice.
    """
    found: list[Clash] = [] if clashes is None else clashes
    named = copy.deepcopy(document)
    for _, method, operation in iterate_operations(named):
        set_pagination(named, operation, method)
    plans = [_OperationNames.plan(named, *parts) for parts in iterate_operations(named)]
    _set_resources(plans, found)
    _set_names(plans, found)
    _set_methods(plans, found)
    for plan in plans:
        plan.write()
        _unwrap(named, plan.operation)
    try:
        name_classes(named, found)
    except ValueError as error:
        raise NamingError(str(error)) from error
    return named


@attrs.define(eq=False)
class _OperationNames:
    """The names of one operation while they are chosen.

    Attributes:
        place: Method and path, for messages.
        name: Name of the operation, such as `list_integration_logs`.
        resource: Attribute of the client.
        verb: Name of the method.
        longer_names: Names with more context, in order.
    """

    path: str
    method: str
    operation: dict[str, Any]
    name: str
    resource: str
    verb: str
    longer_names: list[str]

    @classmethod
    def plan(cls, document: Document, path: str, method: str, operation: dict[str, Any]) -> _OperationNames:
        """Return the names by rule, or those of the overlay."""
        segments = [part for part in path.split("/") if part and not part.startswith("{")]
        nouns = [snake_case(part) or "value" for part in segments]
        verb, noun = _choose_verb_and_noun(document, path, method, operation, nouns)
        is_action = verb not in {*_VERBS.values(), "list", "head", "options"}
        singular = get_singular(noun) if _names_one_thing(path, method) or is_action else noun
        owner = _get_owner(path, noun)
        own = [part for part in (owner, singular) if part]
        longer = ["_".join([verb, *map(get_singular, nouns[:-1]), singular])]
        if _ends_with_parameter(path):
            longer.append(f"{longer[0]}_by_{snake_case(path.rstrip('/').rpartition('/')[2]) or 'value'}")
        longer += [f"{longer[0]}_{method}", *(f"{longer[0]}_{number}" for number in range(2, 100))]
        name = verb if is_action and not noun else "_".join([verb, *(own if not is_action else [singular])])
        for key in ("x-name", "x-resource", "x-method"):
            _check_name(operation, key, get_operation_place(path, method))
        return cls(
            path=path,
            method=method,
            operation=operation,
            name=operation.get("x-name") or name,
            resource=operation.get("x-resource") or to_identifier(noun or _RESOURCE_OF_ROOT, "resource"),
            verb=operation.get("x-method") or to_identifier(verb, "call"),
            longer_names=longer,
        )

    @property
    def place(self) -> str:
        return get_operation_place(self.path, self.method)

    @property
    def sort_key(self) -> tuple[int, str, str]:
        """A key that does not depend on the order of the paths: the shortest path gets the shortest name."""
        return self.path.count("/"), self.path, self.method

    def is_explicit(self, extension: str) -> bool:
        return bool(self.operation.get(extension))

    def build_clash(self, wanted: str, chosen: str, reason: str, extension: str) -> Clash:
        return Clash(wanted, chosen, reason, extension, format_query(("paths", self.path, self.method)))

    def write(self) -> None:
        operation = self.operation
        operation["x-name"] = operation["operationId"] = self.name
        operation["x-resource"] = self.resource
        operation["x-method"] = self.verb
        operation["tags"] = [self.resource]
        for parameter in operation["parameters"]:
            _check_name(parameter, "x-name", self.place)
            parameter.setdefault("x-name", _choose_parameter_name(self.path, parameter["name"]))


def _check_name(node: dict[str, Any], extension: str, place: str) -> None:
    name = node.get(extension)
    if name is not None and not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
        raise NamingError(f"{place}: {extension} in the overlay is not a name in snake case")


def _set_resources(plans: list[_OperationNames], clashes: list[Clash]) -> None:
    names = {plan.resource for plan in plans}
    for plan in plans:
        base = plan.resource.removesuffix("_with_response")
        if plan.resource in RESOURCES or (base != plan.resource and base in names):
            chosen = f"{plan.resource}_"
            reason = "a member of the client" if plan.resource in RESOURCES else "a module of another resource"
            clashes.append(plan.build_clash(f"client.{plan.resource}", f"client.{chosen}", reason, "x-resource"))
            plan.resource = chosen


def _set_names(plans: list[_OperationNames], clashes: list[Clash]) -> None:
    """Make the names of operations unique."""
    taken: dict[str, _OperationNames] = {}
    for plan in sorted(plans, key=lambda plan: (not plan.is_explicit("x-name"), plan.sort_key)):
        other = taken.get(plan.name)
        if other is not None:
            if plan.is_explicit("x-name"):
                raise NamingError(f"{other.place} and {plan.place} would both be {plan.name}. Set x-name for one.")
            chosen = next(name for name in plan.longer_names if name not in taken)
            reason = f"the name of {other.place}"
            clashes.append(plan.build_clash(plan.name, chosen, reason, "x-name"))
            plan.name = chosen
        taken[plan.name] = plan


def _set_methods(plans: list[_OperationNames], clashes: list[Clash]) -> None:
    """Make the method names of each resource unique. Operations share a method only if the overlay says so for both."""
    taken: dict[tuple[str, str], _OperationNames] = {}
    for plan in sorted(plans, key=lambda plan: (not plan.is_explicit("x-method"), plan.sort_key)):
        other = taken.setdefault((plan.resource, plan.verb), plan)
        reason = ""
        chosen = plan.verb
        if other is not plan and not (other.is_explicit("x-method") and plan.is_explicit("x-method")):
            chosen, reason = plan.name, f"the method of {other.place}"
        if chosen in METHODS:
            chosen, reason = f"{chosen}_", "a name that the class uses"
        if chosen != plan.verb:
            wanted, named = (f"client.{plan.resource}.{name}" for name in (plan.verb, chosen))
            clashes.append(plan.build_clash(wanted, named, reason, "x-method"))
            plan.verb = chosen
            taken.setdefault((plan.resource, chosen), plan)


def _choose_verb_and_noun(
    document: Document, path: str, method: str, operation: dict[str, Any], nouns: list[str]
) -> tuple[str, str]:
    """Return the method name and the name of the resource, empty for the root."""
    last = nouns[-1] if nouns else ""
    if method == "post" and _is_action(document, path, last):
        return last, nouns[-2]
    if method == "get":
        is_list = not _ends_with_parameter(path) and _returns_list(document, operation, last)
        return ("list" if is_list else "retrieve"), last
    return _VERBS.get(method, method), last


def _is_action(document: Document, path: str, noun: str) -> bool:
    """Return whether a path is an action on its parent: POST only, no child paths, and the first word is no plural."""
    if _ends_with_parameter(path) or len([part for part in path.split("/") if part and part[0] != "{"]) < 2:
        return False
    siblings = document["paths"]
    has_only_post = set(siblings[path]) == {"post"}
    has_children = any(other.startswith(f"{path.rstrip('/')}/") for other in siblings if other != path)
    return has_only_post and not has_children and not any(is_plural(word) for word in noun.split("_")[:1])


def _returns_list(document: Document, operation: dict[str, Any], noun: str) -> bool:
    """Return whether the success body, without its envelope, is a list or a page of records."""
    schema = get_success_schema(document, operation)
    key = operation.get("x-unwrap")
    properties = get_properties(document, schema)
    if key in properties or set(properties) == {"data"}:
        schema = resolve(document, properties[key or "data"])
    if "array" in get_names_of_types(schema) or "items" in schema:
        return True
    if _is_page(document, schema):
        return True
    if schema.get("type") or get_properties(document, schema) or "oneOf" in schema or "anyOf" in schema:
        return False
    words = snake_case(re.sub(r"^.*-get-", "", str(operation.get("operationId", "")))).split("_")
    if words[0] in _READ_VERBS and not noun.startswith(words[0]):
        return _READ_VERBS[words[0]] == "list"
    return is_plural(noun.rpartition("_")[2])


def _is_page(document: Document, schema: Schema) -> bool:
    properties = {name: resolve(document, child) for name, child in get_properties(document, schema).items()}
    lists = [child for child in properties.values() if "array" in get_names_of_types(child) or "items" in child]
    if len(lists) != 1 or not get_properties(document, lists[0].get("items", {})):
        return False
    return all(
        set(get_names_of_types(child)) <= _SCALARS and set(snake_case(name).split("_")) <= _PAGING_WORDS
        for name, child in properties.items()
        if child is not lists[0]
    )


def _names_one_thing(path: str, method: str) -> bool:
    return method == "post" or _ends_with_parameter(path)


def _ends_with_parameter(path: str) -> bool:
    return path.rstrip("/").endswith("}")


def _get_owner(path: str, noun: str) -> str:
    """Return `integration` for `/integrations/{id}/logs`."""
    owners = [snake_case(name) for name in re.findall(r"([^/{}]+)/\{[^/]+\}/", path)]
    return get_singular(owners[-1]) if owners and owners[-1] != noun else ""


def _choose_parameter_name(path: str, name: str) -> str:
    """Return `integration_id` for `id` in `/integrations/{id}`, and any other name in snake case."""
    owner = re.search(rf"([^/{{}}]+)/\{{{re.escape(name)}\}}", path)
    if owner and name == "id":
        return to_identifier(f"{get_singular(snake_case(owner[1]))}_id", "value")
    return to_identifier(name, "value")


def _unwrap(document: Document, operation: dict[str, Any]) -> None:
    """Replace each success schema by the schema inside its envelope, and store the key in `x-unwrap`."""
    for status, media in _iterate_success_media(operation):
        envelope = resolve(document, media.get("schema", {}))
        properties = get_properties(document, envelope)
        key = operation.get("x-unwrap") or ("data" if set(properties) == {"data"} else None)
        if key is None:
            continue
        if key not in properties:
            raise NamingError(
                f"Cannot unwrap {operation['x-name']}: its {status} body has no `{key}`. Change x-unwrap."
            )
        operation["x-unwrap"] = key
        media["schema"] = copy.deepcopy(properties[key])


def _iterate_success_media(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, response in operation["responses"].items():
        for media_type, media in response.get("content", {}).items():
            if status[0] in "2D" and is_json(media_type):
                yield status, media
