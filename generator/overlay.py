"""Apply OpenAPI Overlay 1.0 documents. An action that matches nothing is an error.

The only maintained Python library (oas-patch 0.6) ignores targets that match nothing, uses a different JSONPath dialect
than RFC 9535, and inserts the same object at each match of a target. This module uses jsonpath-rfc9535 for the queries.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import attrs
import jsonpath_rfc9535

__all__ = ["OverlayError", "UnmatchedAction", "apply_matching_actions", "apply_overlay"]


class OverlayError(Exception):
    """Raised if an overlay cannot be applied. The message names each invalid action."""


@attrs.frozen
class UnmatchedAction:
    """An action whose target matches nothing.

    Attributes:
        number: Position in the overlay, from 1.
        target: JSONPath query of the action.
        reason: Why the action exists.
    """

    number: int
    target: str
    reason: str


def apply_overlay(document: Mapping[str, Any], overlay: Mapping[str, Any], *, strict: bool = True) -> dict[str, Any]:
    """Return a copy of the document with the overlay's actions applied in order.

    Args:
        document: Parsed OpenAPI document. It is not modified.
        overlay: Parsed overlay.
        strict: Whether an action that matches nothing is an error. Defaults to True.

    Raises:
        OverlayError: The overlay is malformed, or `strict` is true and at least one action matches nothing. The message
            names all of these actions.
    """
    result, unmatched = apply_matching_actions(document, overlay)
    if unmatched and strict:
        raise OverlayError(
            "\n".join(
                f"action {action.number} matches nothing: {action.target}"
                + (f" ({action.reason})" if action.reason else "")
                for action in unmatched
            )
        )
    return result


def apply_matching_actions(
    document: Mapping[str, Any], overlay: Mapping[str, Any]
) -> tuple[dict[str, Any], list[UnmatchedAction]]:
    """Return a copy of the document with the overlay's actions applied in order, and the actions that match nothing.

    Raises:
        OverlayError: The overlay is malformed.
    """
    version = str(overlay.get("overlay", ""))
    if not version.startswith("1.0"):
        raise OverlayError(f"overlay version {version or '(missing)'} is not supported. Use version 1.0.")
    result: dict[str, Any] = copy.deepcopy(dict(document))
    unmatched: list[UnmatchedAction] = []
    for number, action in enumerate(overlay.get("actions", []), start=1):
        if not _apply(result, action, number):
            reason = " ".join(str(action.get("description", "")).split())
            unmatched.append(UnmatchedAction(number, action["target"], reason))
    return result, unmatched


def _apply(document: dict[str, Any], action: Mapping[str, Any], number: int) -> bool:
    target = action.get("target")
    removes = action.get("remove", False) is True
    if not isinstance(target, str) or ("update" not in action and not removes):
        raise OverlayError(f"action {number} is incomplete: it needs `target`, and `update` or `remove: true`")
    try:
        nodes = jsonpath_rfc9535.find(target, document)
    except jsonpath_rfc9535.JSONPathError as error:
        raise OverlayError(f"action {number} has an invalid target: {target} is not JSONPath ({error})") from error
    # Process later list items first, because removing an item changes the indexes after it.
    for location in sorted((node.location for node in nodes), key=_location_sort_key, reverse=True):
        if removes:
            if not location:
                raise OverlayError(f"action {number} would remove the whole document")
            del _get_node(document, location[:-1])[location[-1]]
        else:
            _merge_at(document, location, action["update"], number)
    return bool(nodes)


def _merge_at(document: dict[str, Any], location: tuple[str | int, ...], update: Any, number: int) -> None:
    node = _get_node(document, location)
    if isinstance(node, list):
        node.append(copy.deepcopy(update))
    elif isinstance(node, dict) and isinstance(update, Mapping):
        _merge(node, update)
    else:
        raise OverlayError(f"action {number} cannot update {location}: it is neither an object nor a list")


def _merge(node: dict[str, Any], update: Mapping[str, Any]) -> None:
    for name, value in update.items():
        current = node.get(name)
        if isinstance(current, dict) and isinstance(value, Mapping):
            _merge(current, value)
        elif isinstance(current, list) and isinstance(value, list):
            current.extend(copy.deepcopy(value))
        else:
            node[name] = copy.deepcopy(value)


def _get_node(document: Any, location: tuple[str | int, ...]) -> Any:
    node = document
    for part in location:
        node = node[part]
    return node


def _location_sort_key(location: tuple[str | int, ...]) -> tuple[tuple[bool, int, str], ...]:
    return tuple((isinstance(part, int), part if isinstance(part, int) else 0, str(part)) for part in location)
