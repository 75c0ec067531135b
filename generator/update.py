"""Install a new OpenAPI document: validate, report changes, generate, type-check, then replace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from generator.base_urls import find_untrusted_origins, get_trusted_origins, iterate_origins
from generator.build import GENERATED, OPENAPI_DOCUMENT, OVERLAY, generate_from, read_overlay
from generator.changes import compare_documents, format_changes
from generator.documents import DocumentError, parse, parse_yaml, read_document, to_single_line
from generator.output import OutputError, defer_signals, replace_folder
from generator.overlay import apply_overlay
from generator.yaml_documents import dump_yaml

__all__ = ["UpdateError", "merge_prose", "read_upstream_url", "report_changes", "update"]

Document = dict[str, Any]

_UPSTREAM: Final = OPENAPI_DOCUMENT.with_name("upstream.yml")
_MYPY: Final = ("-m", "mypy", "--strict", "--no-incremental", "--config-file", os.devnull)
_PROSE: Final = ("summary", "description")
_LITERAL_VALUES: Final = frozenset({"value", "example", "default", "enum", "const"})
# Keys whose children have arbitrary names; a property called `description` is not prose.
_NAME_MAPS: Final = frozenset({"properties", "schemas", "parameters", "responses", "examples", "headers", "paths"})


class UpdateError(Exception):
    """Raised if the new document is valid, but must not be installed. The message is one line."""


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
    return _report(read_document(document_path), read_document(source), source, document_path, notify)


def _report(current: Document, new: Document, source: str, document_path: Path, notify: Callable[[str], None]) -> bool:
    if _remove_prose(current) == _remove_prose(new):
        notify(f"{to_single_line(source)} is equivalent to openapi/{document_path.name}.")
        return False
    notify(_format_report(current, new))
    for origin, place in _find_new_origins(current, new).items():
        notify(f"Security: {place} names the new origin {origin}, which could receive credentials.")
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
        UpdateError: The document names an origin that the overlay does not trust, or the generated client does not pass
            the type check.
        OutputError: A file cannot be written.
    """
    current, new = read_document(document_path), read_document(source)
    if not _report(current, new, source, document_path, notify):
        return False
    _check_origins(current, new)
    text = _read_leading_comment(document_path) + dump_yaml(merge_prose(current, new))
    try:
        _install(text, document_path, generated)
    except OSError as error:
        raise OutputError(f"{document_path.parent.parent}: cannot be written ({error.strerror or 'failed'})") from error
    notify(f"Replaced openapi/{document_path.name} and {generated.name}/. Run the tests and update the changelog.")
    return True


def _install(text: str, document_path: Path, generated: Path) -> None:
    with tempfile.TemporaryDirectory(dir=document_path.parent.parent, prefix=".generating-") as name:
        folder = Path(name)
        new_document_path = folder / document_path.name
        new_document_path.write_text(text, encoding="utf-8")
        package = folder / "typecheck" / GENERATED.parent.name
        shutil.copytree(GENERATED.parent, package, ignore=shutil.ignore_patterns("__pycache__", GENERATED.name))
        fresh = package / GENERATED.name
        generate_from(parse(text.encode(), document_path.name), fresh, has_client=False)
        _type_check(package)
        old_document_path = folder / f"{document_path.name}.old"
        shutil.copyfile(document_path, old_document_path)
        with defer_signals():
            os.replace(new_document_path, document_path)
            try:
                replace_folder(fresh, generated)
            except OSError:
                os.replace(old_document_path, document_path)
                raise


def _check_origins(current: Document, new: Document) -> None:
    """Reject a document that could send credentials to an origin that the overlay does not trust."""
    for origin, place in _find_new_origins(current, new).items():
        raise UpdateError(
            f"{place} names the new origin {origin}. If it may receive credentials, add it to the overlay: "
            f"x-trusted-origins: [{origin}]"
        )


def _find_new_origins(current: Document, new: Document) -> dict[str, str]:
    known = {origin for _, origin in iterate_origins(current)} | get_trusted_origins(read_overlay(OVERLAY))
    return find_untrusted_origins(new, known)


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
        place = re.search(rf"^{package.name}/(\S+?):(\d+): error: ", done.stdout, re.MULTILINE)
        if place is None or place[1].startswith(f"{GENERATED.name}/"):
            raise UpdateError(
                "The client generated from the new document does not pass mypy --strict. "
                "This is a bug of the generator: report it."
            )
        raise UpdateError(
            f"The new document does not fit hand-written code: {package.name}/{place[1]}, line {place[2]}, "
            "does not pass mypy --strict with the new client. Adapt it first."
        )


def _read_leading_comment(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    count = next((index for index, line in enumerate(lines) if not line.startswith("#")), 0)
    return "".join(lines[:count])
