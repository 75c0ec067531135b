"""Take in a new contract: validate, report, generate, type-check, and only then replace."""

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

from generator.build import CONTRACT, GENERATED, OVERLAY, generate, replace_folder
from generator.changes import contract_changes, report
from generator.documents import DocumentError, parse_yaml, read_document
from generator.overlay import apply_overlay

__all__ = ["UpdateError", "differs", "update", "upstream_address", "with_prose_of"]

Document = dict[str, Any]

_UPSTREAM: Final = CONTRACT.with_name("upstream.yml")
_MYPY: Final = ("-m", "mypy", "--strict", "--no-incremental", "--config-file", os.devnull)
_PROSE: Final = ("summary", "description")
_VALUES: Final = frozenset({"value", "example", "default", "enum", "const"})
_NAMED: Final = frozenset({"properties", "schemas", "parameters", "responses", "examples", "headers", "paths"})


class UpdateError(Exception):
    """The new contract passed as a document, and the client made from it did not pass."""


def upstream_address() -> str:
    """The recorded address of the published contract.

    Raises:
        DocumentError: There is none.
    """
    recorded = parse_yaml(_UPSTREAM.read_bytes(), _UPSTREAM.name)
    if not isinstance(recorded, dict) or not isinstance(recorded.get("address"), str):
        raise DocumentError(f"openapi/{_UPSTREAM.name}: holds no `address`")
    return str(recorded["address"])


def differs(source: str, *, contract: Path = CONTRACT, tell: Callable[[str], None] = print) -> bool:
    """Whether the document at `source` says anything else of the wire than our contract; tells what it is.

    Raises:
        DocumentError: The document cannot be used.
    """
    ours, theirs = read_document(contract), read_document(source)
    if _facts(ours) == _facts(theirs):
        tell(f"{source} says what openapi/{contract.name} says.")
        return False
    tell(_report(ours, theirs))
    return True


def update(
    source: str,
    *,
    contract: Path = CONTRACT,
    generated: Path = GENERATED,
    tell: Callable[[str], None] = print,
) -> bool:
    """Put the document at `source` in the place of our contract, and the client made from it in that of ours.

    Prose of our contract stays wherever the new one has the same place. Any failure leaves both as they were.

    Args:
        source: Path or address of the new contract.
        contract: Our contract.
        generated: The generated package.
        tell: What is told on the way goes here.

    Returns:
        Whether anything was replaced.

    Raises:
        DocumentError: The document cannot be used.
        OverlayError: The overlay does not fit the new contract.
        NamingError: Two things would share a name.
        GenerationError: The contract holds what cannot be expressed.
        UpdateError: The client that came out does not pass the type check.
    """
    if not differs(source, contract=contract, tell=tell):
        return False
    ours, theirs = read_document(contract), read_document(source)
    text = _as_yaml(with_prose_of(ours, theirs), _leading_comment(contract))
    with tempfile.TemporaryDirectory(dir=contract.parent.parent, prefix=".generating-") as name:
        folder = Path(name)
        new_contract = folder / contract.name
        new_contract.write_text(text, encoding="utf-8")
        package = folder / "typecheck" / GENERATED.parent.name
        shutil.copytree(GENERATED.parent, package, ignore=shutil.ignore_patterns("__pycache__", GENERATED.name))
        fresh = package / GENERATED.name
        generate(new_contract, fresh)
        _type_check(package)
        old_contract = contract.read_bytes()
        os.replace(new_contract, contract)
        try:
            replace_folder(fresh, generated)
        except OSError:
            contract.write_bytes(old_contract)
            raise
    tell(f"Replaced openapi/{contract.name} and {generated.name}/. Run the tests, and write the changelog.")
    return True


def with_prose_of(ours: Any, theirs: Any, key: str = "") -> Any:
    """The new document's facts with our words, wherever both have the same place; vendor extensions are left out."""
    if key in _VALUES:
        return theirs
    if isinstance(theirs, dict):
        mine: dict[str, Any] = ours if isinstance(ours, dict) else {}
        named = key in _NAMED
        merged: dict[str, Any] = {}
        for name, child in theirs.items():
            if not named and str(name).startswith("x-"):
                continue
            is_prose = not named and name in _PROSE and isinstance(child, str)
            merged[name] = (
                mine.get(name, child) if is_prose else with_prose_of(mine.get(name), child, "" if named else name)
            )
        for name in _PROSE:
            if not named and isinstance(mine.get(name), str):
                merged.setdefault(name, mine[name])
        return merged
    if isinstance(theirs, list):
        others: list[Any] = ours if isinstance(ours, list) and len(ours) == len(theirs) else [None] * len(theirs)
        return [with_prose_of(mine, child) for mine, child in zip(others, theirs, strict=True)]
    return theirs


def _report(ours: Document, theirs: Document) -> str:
    overlay = parse_yaml(OVERLAY.read_bytes(), OVERLAY.name)
    # The overlay may not fit the new contract; for the report, what does fit is enough.
    before, after = (apply_overlay(document, overlay, strict=False) for document in (ours, theirs))
    return report(contract_changes(before, after))


def _facts(node: Any, key: str = "") -> Any:
    if key in _VALUES:
        return node
    if isinstance(node, dict):
        named = key in _NAMED
        return {
            name: _facts(child, "" if named else name)
            for name, child in node.items()
            if named or not (name in _PROSE or str(name).startswith("x-") or (key == "info" and name != "version"))
        }
    return [_facts(child) for child in node] if isinstance(node, list) else node


def _type_check(package: Path) -> None:
    command = [sys.executable, *_MYPY, package.name]
    done = subprocess.run(command, cwd=package.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        first = next(iter(done.stdout.splitlines()), done.stderr.strip())
        raise UpdateError(f"the client made from the new contract does not pass mypy --strict: {first}")


def _as_yaml(document: Document, comment: str) -> str:
    yaml = YAML()
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(_with_blocks(document), out)
    return comment + out.getvalue()


def _with_blocks(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _with_blocks(child) for name, child in node.items()}
    if isinstance(node, list):
        return [_with_blocks(child) for child in node]
    return LiteralScalarString(node) if isinstance(node, str) and "\n" in node else node


def _leading_comment(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    count = next((index for index, line in enumerate(lines) if not line.startswith("#")), 0)
    return "".join(lines[:count])
