"""Install a new OpenAPI document: validate, report changes, generate, type-check, list follow-ups, then replace."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs

from generator.base_urls import find_untrusted_origins, get_trusted_origins, iterate_origins
from generator.build import GENERATED, OPENAPI_DOCUMENT, OVERLAY, generate_from, read_overlay
from generator.changes import compare_documents
from generator.documents import DocumentError, parse, parse_yaml, read_document, to_single_line
from generator.follow_ups import FollowUp, find_code_places, find_overlay_places
from generator.installation import install, stage
from generator.output import OutputError
from generator.overlay import apply_matching_actions, apply_overlay
from generator.structure import strip_extensions
from generator.update_report import UpdateReport, format_changes, format_follow_ups, write_report
from generator.yaml_documents import dump_yaml

__all__ = ["UpdateError", "merge_prose", "read_upstream_url", "report_changes", "update"]

Document = dict[str, Any]

_UPSTREAM: Final = OPENAPI_DOCUMENT.with_name("upstream.yml")
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
    source: str,
    *,
    document_path: Path = OPENAPI_DOCUMENT,
    report: Path | None = None,
    notify: Callable[[str], None] = print,
) -> bool:
    """Report what a new document changes for callers. Prose and vendor extensions are ignored.

    Args:
        source: Path or URL of the new document.
        document_path: Path of the current document.
        report: File for the report: JSON if its name ends in `.json`, otherwise Markdown.
        notify: Called with each message. Defaults to `print`.

    Returns:
        Whether the documents differ.

    Raises:
        DocumentError: One of the documents cannot be read or is not valid OpenAPI 3.1.
        OutputError: The report cannot be written.
    """
    found = _build_report(read_document(document_path), read_document(source), source, document_path, notify)
    if report is not None:
        write_report(found or UpdateReport(to_single_line(source)), report)
    return found is not None


def _build_report(
    current: Document, new: Document, source: str, document_path: Path, notify: Callable[[str], None]
) -> UpdateReport | None:
    """Return what changes for callers; None if the documents are equivalent."""
    if _remove_prose(current) == _remove_prose(new):
        notify(f"{to_single_line(source)} is equivalent to openapi/{document_path.name}.")
        return None
    overlay = parse_yaml(OVERLAY.read_bytes(), OVERLAY.name)
    # The overlay may not match the new document yet; the report needs only the actions that match.
    before, after = (apply_overlay(document, overlay, strict=False) for document in (current, new))
    changes = tuple(compare_documents(before, after))
    security = tuple(
        f"{place} names the new origin {origin}, which could receive credentials."
        for origin, place in _find_new_origins(current, new).items()
    )
    notify(format_changes(changes))
    for message in security:
        notify(f"Security: {message}")
    return UpdateReport(to_single_line(source), changes, security)


def update(
    source: str,
    *,
    document_path: Path = OPENAPI_DOCUMENT,
    generated: Path = GENERATED,
    dry_run: bool = False,
    force: bool = False,
    report: Path | None = None,
    notify: Callable[[str], None] = print,
) -> UpdateReport | None:
    """Replace the OpenAPI document by the one at `source`, and the generated package by one generated from it.

    A change that hand-written code or the overlay does not fit is taken in, and each such place is listed. Current
    descriptions are kept for all parts that still exist in the new document. If anything fails, the document and the
    package stay unchanged.

    Args:
        source: Path or URL of the new document.
        document_path: Path of the current document.
        generated: Folder of the generated package.
        dry_run: Whether to report only, with the hand-written places. Defaults to False.
        force: Whether to replace files although the working tree has uncommitted changes. Defaults to False.
        report: File for the report: JSON if its name ends in `.json`, otherwise Markdown.
        notify: Called with each message. Defaults to `print`.

    Returns:
        The report; None if the documents are equivalent, and nothing was replaced.

    Raises:
        DocumentError: The document cannot be read or is not valid OpenAPI 3.1.
        NamingError: The overlay sets a name that is invalid or taken in the new document.
        UnsupportedError: The document contains a construct that is not supported.
        UpdateError: The document names an origin that the overlay does not trust, or the working tree has uncommitted
            changes.
        TypeCheckError: The generated client does not pass the type check, which is a bug of the generator.
        OutputError: A file cannot be written.
    """
    current, new = read_document(document_path), read_document(source)
    found = _build_report(current, new, source, document_path, notify)
    if found is None:
        if report is not None:
            write_report(UpdateReport(to_single_line(source)), report)
        return None
    if not (dry_run or force):
        _check_working_tree(document_path.parent)
    _check_origins(current, new)
    text = _read_leading_comment(document_path) + dump_yaml(merge_prose(current, new))
    try:
        with tempfile.TemporaryDirectory(dir=document_path.parent.parent, prefix=".generating-") as name:
            fresh, places = _generate(text, document_path.name, Path(name))
            found = attrs.evolve(found, follow_ups=tuple(places))
            if not dry_run:
                install(stage(Path(name), text, fresh), document_path, generated)
    except OSError as error:
        raise OutputError(f"{document_path.parent.parent}: cannot be written ({error.strerror or 'failed'})") from error
    if places:
        notify(format_follow_ups(places))
    if report is not None:
        write_report(found, report)
    if dry_run:
        notify("Nothing was changed: this was a dry run.")
    else:
        advice = "Change the places above, run" if places else "Run"
        names = f"openapi/{document_path.name} and {generated.name}/"
        notify(f"Replaced {names}. {advice} the tests and update the changelog.")
    return found


def _generate(text: str, name: str, folder: Path) -> tuple[Path, list[FollowUp]]:
    """Generate the package in a copy of the project's package, and return its folder and the hand-written places."""
    package = folder / "typecheck" / GENERATED.parent.name
    shutil.copytree(GENERATED.parent, package, ignore=shutil.ignore_patterns("__pycache__", GENERATED.name))
    fresh = package / GENERATED.name
    document = strip_extensions(parse(text.encode(), name))
    generate_from(document, fresh, has_client=False, is_strict=False)
    _, unmatched = apply_matching_actions(document, read_overlay(OVERLAY) or {})
    overlay_name = f"{OVERLAY.parent.name}/{OVERLAY.name}"
    places = find_overlay_places(OVERLAY, unmatched, overlay_name) + find_code_places(package, GENERATED.name)
    return fresh, places


def _check_working_tree(folder: Path) -> None:
    """Reject a Git working tree with uncommitted changes of tracked files."""
    command = ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:  # Git is not installed
        return
    if done.returncode == 0 and done.stdout:
        raise UpdateError(
            "The working tree has uncommitted changes. Commit them first, or add FORCE=1 (--force). "
            "DRY_RUN=1 (--dry-run) only reports."
        )


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
        counterparts = _pair_items(current if isinstance(current, list) else [], new)
        return [merge_prose(one, child) for one, child in zip(counterparts, new, strict=True)]
    return new


def _pair_items(current: list[Any], new: list[Any]) -> list[Any]:
    """Return the current item for each new one: parameters by name and location, others by name, URL or position."""
    by_identity = {_get_identity(item): item for item in current}
    has_same_length = len(current) == len(new)
    return [
        by_identity.get(identity)
        if (identity := _get_identity(item)) is not None
        else current[position]
        if has_same_length and _get_identity(current[position]) is None
        else None
        for position, item in enumerate(new)
    ]


def _get_identity(item: Any) -> tuple[Any, ...] | None:
    """Return what names an item of a list; None if only its position does."""
    if not isinstance(item, dict):
        return None
    for keys in (("name", "in"), ("$ref",), ("name",), ("url",), ("operationId",)):
        if all(isinstance(item.get(key), str) for key in keys):
            return (*keys, *(item[key] for key in keys))
    return None


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


def _read_leading_comment(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    count = next((index for index, line in enumerate(lines) if not line.startswith("#")), 0)
    return "".join(lines[:count])
