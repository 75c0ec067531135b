"""Write `docs/api.md`: each method of the client with its request, arguments and result.

Reads the generated resource classes and the hand-written ones that extend them, so it lists what callers can call.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

__all__ = ["build_api_table"]

_REQUEST: Final = re.compile(r"^`([A-Z]+ /[^`\n]*)`(?: with (\w+))?$", re.MULTILINE)
_INTRODUCTION: Final = """\
# Methods and endpoints

Every method of the client, with the request that it sends, its arguments and its result. `make generate` writes this
page together with the code. `help(client.logs.list)` and the [resources reference](reference/resources.md) also
describe the arguments and the errors.

Each method except `list_for_integrations` also exists in `with_response`, which returns a `Response`: see
[raw responses](raw-responses.md). Arguments without a default are required.
"""


@attrs.frozen
class _Argument:
    name: str
    type: str
    default: str


@attrs.frozen
class _Method:
    name: str
    requests: tuple[tuple[str, str], ...]
    arguments: tuple[_Argument, ...]
    result: str


def build_api_table(generated: Path, hand_written: Path) -> str:
    """Return the text of `docs/api.md`.

    Args:
        generated: Folder of the generated resource classes.
        hand_written: Folder of the hand-written classes that extend them.
    """
    resources = {
        path.stem: [*_read_methods(path), *_read_methods(hand_written / path.name)]
        for path in sorted(generated.glob("*.py"))
        if path.stem != "__init__" and not path.stem.endswith("_with_response")
    }
    lines = [_INTRODUCTION, "| method | request | returns |", "|---|---|---|"]
    for resource, methods in resources.items():
        for method in methods:
            anchor = f"client{resource}{method.name}"
            requests = ", ".join(f"`{request}`" for request, _ in method.requests)
            cells = [f"[`client.{resource}.{method.name}`](#{anchor})", requests, _format_code(method.result)]
            lines.append(f"| {' | '.join(cells)} |")
    for resource, methods in resources.items():
        for method in methods:
            lines += _format_method(resource, method)
    return "\n".join(lines) + "\n"


def _format_method(resource: str, method: _Method) -> Iterator[str]:
    yield from ("", f"## client.{resource}.{method.name}")
    requests = [f"`{request}`" + (f" with `{name}`" if name else "") for request, name in method.requests]
    yield f"{', '.join(requests)} → `{method.result}`"
    if method.arguments:
        yield from ("", "| argument | type | default |", "|---|---|---|")
    for one in method.arguments:
        yield f"| `{one.name}` | {_format_code(one.type)} | {_format_code(one.default)} |"


def _format_code(text: str) -> str:
    return f"`{text}`".replace("|", r"\|") if text else ""


def _read_methods(path: Path) -> Iterator[_Method]:
    """Yield the public methods of the class in a module; for overloads, the implementation, which has all arguments."""
    if not path.exists():
        return
    (defined,) = (node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef))
    for node in defined.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
            requests = tuple(_REQUEST.findall(ast.get_docstring(node) or ""))
            if requests:
                yield _Method(node.name, requests, tuple(_read_arguments(node.args)), _format_type(node.returns))


def _read_arguments(arguments: ast.arguments) -> Iterator[_Argument]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += [*arguments.defaults, *arguments.kw_defaults]
    for argument, default in list(zip([*positional, *arguments.kwonlyargs], defaults, strict=True))[1:]:
        text = "" if default is None else ast.unparse(default)
        kind = _format_type(argument.annotation)
        if text == "UNSET":
            kind, text = kind.replace(" | Unset", ""), "omitted"
        yield _Argument(argument.arg, kind, text)


def _format_type(annotation: ast.expr | None) -> str:
    return "" if annotation is None else ast.unparse(annotation).replace("builtins.", "")
