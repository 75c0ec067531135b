"""Install a new OpenAPI document: validate, report changes, generate, type-check, then replace."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from generator.build import GENERATED, OPENAPI_DOCUMENT, OVERLAY, generate, replace_folder
from generator.changes import compare_documents, format_changes
from generator.documents import DocumentError, parse_yaml, read_document
from generator.overlay import apply_overlay

__all__ = ["UpdateError", "merge_prose", "read_upstream_url", "report_changes", "update"]

Document = dict[str, Any]

_UPSTREAM: Final = OPENAPI_DOCUMENT.with_name("upstream.yml")
_MYPY: Final = ("-m", "mypy", "--strict", "--no-incremental", "--config-file", os.devnull)
_PROSE: Final = ("summary", "description")
_LITERAL_VALUES: Final = frozenset({"value", "example", "default", "enum", "const"})
# Keys whose children have arbitrary names; a property called `description` is not prose.
_NAME_MAPS: Final = frozenset({"properties", "schemas", "parameters", "responses", "examples", "headers", "paths"})


class UpdateError(Exception):
    """Raised if the new document is valid, but the client generated from it fails the type check."""


def read_upstream_url() -> str:
    """Return the URL of the published OpenAPI document from `openapi/upstream.yml`.

    Raises:
        DocumentError: The file contains no `url`.
    """
    recorded = parse_yaml(_UPSTREAM.read_bytes(), _UPSTREAM.name)
    if not isinstance(recorded, dict) or not isinstance(recorded.get("url"), str):
        raise DocumentError(f"openapi/{_UPSTREAM.name} contains no `url`. Add the URL of the published document.")
    return str(recorded["url"])


def report_changes(
    source: str, *, document_path: Path = OPENAPI_DOCUMENT, notify: Callable[[str], None] = print
) -> bool:
    """Report what a new document changes for callers. Prose and vendor extensions are ignored.

    Args:
        source: Path or URL of the new document.
        document_path: Path of the current document.
        notify: Called with each message. Defaults to `print`.

    Returns:
        Whether the documents differ.

    Raises:
        DocumentError: One of the documents cannot be read or is not valid OpenAPI 3.1.
    """
    current, new = read_document(document_path), read_document(source)
    if _remove_prose(current) == _remove_prose(new):
        notify(f"{source} is equivalent to openapi/{document_path.name}.")
        return False
    notify(_format_report(current, new))
    return True


def update(
    source: str,
    *,
    document_path: Path = OPENAPI_DOCUMENT,
    generated: Path = GENERATED,
    notify: Callable[[str], None] = print,
) -> bool:
    """Replace the OpenAPI document by the one at `source`, and the generated package by one generated from it.

    Current descriptions are kept for all parts that still exist in the new document. If anything fails, the document
    and the package stay unchanged.

    Args:
        source: Path or URL of the new document.
        document_path: Path of the current document.
        generated: Folder of the generated package.
        notify: Called with each message. Defaults to `print`.

    Returns:
        Whether the document and the package were replaced.

    Raises:
        DocumentError: The document cannot be read or is not valid OpenAPI 3.1.
        OverlayError: An action of the overlay does not match the new document.
        NamingError: Two schemas or two operations would have the same name.
        GenerationError: The document contains a construct that is not supported.
        UpdateError: The generated client does not pass the type check.
    """
    if not report_changes(source, document_path=document_path, notify=notify):
        return False
    current, new = read_document(document_path), read_document(source)
    text = _format_yaml(merge_prose(current, new), _read_leading_comment(document_path))
    with tempfile.TemporaryDirectory(dir=document_path.parent.parent, prefix=".generating-") as name:
        folder = Path(name)
        new_document_path = folder / document_path.name
        new_document_path.write_text(text, encoding="utf-8")
        package = folder / "typecheck" / GENERATED.parent.name
        shutil.copytree(GENERATED.parent, package, ignore=shutil.ignore_patterns("__pycache__", GENERATED.name))
        fresh = package / GENERATED.name
        generate(new_document_path, fresh)
        _type_check(package)
        old_content = document_path.read_bytes()
        os.replace(new_document_path, document_path)
        try:
            replace_folder(fresh, generated)
        except OSError:
            document_path.write_bytes(old_content)
            raise
    notify(f"Replaced openapi/{document_path.name} and {generated.name}/. Run the tests and update the changelog.")
    return True


def merge_prose(current: Any, new: Any, key: str = "") -> Any:
    """Return the new document with the current summaries and descriptions and without vendor extensions.

    Args:
        current: The current document, or a node of it. It is not modified.
        new: The new document, or the node at the same position. It is not modified.
        key: Key of the node in its parent.
    """
    if key in _LITERAL_VALUES:
        return new
    if isinstance(new, dict):
        counterpart: dict[str, Any] = current if isinstance(current, dict) else {}
        is_name_map = key in _NAME_MAPS
        merged: dict[str, Any] = {}
        for name, child in new.items():
            if not is_name_map and str(name).startswith("x-"):
                continue
            if not is_name_map and name in _PROSE and isinstance(child, str):
                merged[name] = counterpart.get(name, child)
            else:
                merged[name] = merge_prose(counterpart.get(name), child, "" if is_name_map else name)
        for name in _PROSE:
            if not is_name_map and isinstance(counterpart.get(name), str):
                merged.setdefault(name, counterpart[name])
        return merged
    if isinstance(new, list):
        matches = isinstance(current, list) and len(current) == len(new)
        counterparts: list[Any] = current if matches else [None] * len(new)
        return [merge_prose(one, child) for one, child in zip(counterparts, new, strict=True)]
    return new


def _format_report(current: Document, new: Document) -> str:
    overlay = parse_yaml(OVERLAY.read_bytes(), OVERLAY.name)
    # The overlay may not match the new document yet; the report needs only the actions that match.
    before, after = (apply_overlay(document, overlay, strict=False) for document in (current, new))
    return format_changes(compare_documents(before, after))


def _remove_prose(node: Any, key: str = "") -> Any:
    if key in _LITERAL_VALUES:
        return node
    if isinstance(node, dict):
        is_name_map = key in _NAME_MAPS
        return {
            name: _remove_prose(child, "" if is_name_map else name)
            for name, child in node.items()
            if is_name_map
            or not (name in _PROSE or str(name).startswith("x-") or (key == "info" and name != "version"))
        }
    return [_remove_prose(child) for child in node] if isinstance(node, list) else node


def _type_check(package: Path) -> None:
    command = [sys.executable, *_MYPY, package.name]
    done = subprocess.run(command, cwd=package.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        first = next(iter(done.stdout.splitlines()), done.stderr.strip())
        raise UpdateError(f"The client generated from the new document does not pass mypy --strict: {first}")


def _format_yaml(document: Document, comment: str) -> str:
    yaml = YAML()
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(_convert_to_blocks(document), out)
    return comment + out.getvalue()


def _convert_to_blocks(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _convert_to_blocks(child) for name, child in node.items()}
    if isinstance(node, list):
        return [_convert_to_blocks(child) for child in node]
    return LiteralScalarString(node) if isinstance(node, str) and "\n" in node else node


def _read_leading_comment(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    count = next((index for index, line in enumerate(lines) if not line.startswith("#")), 0)
    return "".join(lines[:count])
