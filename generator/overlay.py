"""OpenAPI Overlay 1.0, strictly: an action that matches nothing is an error.

Written here because the one Python library that is kept up (oas-patch 0.6) passes over targets that match nothing,
reads targets in a JSONPath dialect of its own instead of RFC 9535, and puts one and the same object into every place
that a target matches. The queries themselves are jsonpath-rfc9535's.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import jsonpath_rfc9535

__all__ = ["OverlayError", "apply_overlay"]


class OverlayError(Exception):
    """An overlay that cannot be applied; its text names every action at fault."""


def apply_overlay(document: Mapping[str, Any], overlay: Mapping[str, Any], *, strict: bool = True) -> dict[str, Any]:
    """The document with the overlay's actions applied, in their order; the document itself is not changed.

    Args:
        document: A parsed OpenAPI document.
        overlay: A parsed overlay.
        strict: Take an action that matches nothing for an error.

    Raises:
        OverlayError: The overlay is malformed, or an action matches nothing. All such actions are named together.
    """
    version = str(overlay.get("overlay", ""))
    if not version.startswith("1.0"):
        raise OverlayError(f"the overlay is of version {version or 'none'}, where 1.0 is needed")
    result: dict[str, Any] = copy.deepcopy(dict(document))
    stale: list[str] = []
    for number, action in enumerate(overlay.get("actions", []), start=1):
        if not _apply(result, action, number) and strict:
            reason = " ".join(str(action.get("description", "")).split())
            stale.append(f"action {number} matches nothing: {action['target']}" + (f" ({reason})" if reason else ""))
    if stale:
        raise OverlayError("\n".join(stale))
    return result


def _apply(document: dict[str, Any], action: Mapping[str, Any], number: int) -> bool:
    target = action.get("target")
    removes = action.get("remove", False) is True
    if not isinstance(target, str) or ("update" not in action and not removes):
        raise OverlayError(f"action {number} needs a target, and an update or `remove: true`")
    try:
        nodes = jsonpath_rfc9535.find(target, document)
    except jsonpath_rfc9535.JSONPathError as error:
        raise OverlayError(f"action {number} has no valid JSONPath (RFC 9535): {target} ({error})") from error
    # Later items of a list go first, so that removing one does not move the others.
    for location in sorted((node.location for node in nodes), key=_by_index, reverse=True):
        if removes:
            if not location:
                raise OverlayError(f"action {number} would remove the whole document")
            del _at(document, location[:-1])[location[-1]]
        else:
            _merge_at(document, location, action["update"], number)
    return bool(nodes)


def _merge_at(document: dict[str, Any], location: tuple[str | int, ...], update: Any, number: int) -> None:
    node = _at(document, location)
    if isinstance(node, list):
        node.append(copy.deepcopy(update))
    elif isinstance(node, dict) and isinstance(update, Mapping):
        _merge(node, update)
    else:
        raise OverlayError(f"action {number} updates what is neither an object nor a list: {location}")


def _merge(node: dict[str, Any], update: Mapping[str, Any]) -> None:
    for name, value in update.items():
        present = node.get(name)
        if isinstance(present, dict) and isinstance(value, Mapping):
            _merge(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            present.extend(copy.deepcopy(value))
        else:
            node[name] = copy.deepcopy(value)


def _at(document: Any, location: tuple[str | int, ...]) -> Any:
    node = document
    for part in location:
        node = node[part]
    return node


def _by_index(location: tuple[str | int, ...]) -> tuple[tuple[bool, int, str], ...]:
    return tuple((isinstance(part, int), part if isinstance(part, int) else 0, str(part)) for part in location)
