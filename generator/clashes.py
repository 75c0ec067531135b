"""Names that were taken, and what the generator chose instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import attrs

from generator.documents import to_single_line
from generator.structure import Location

__all__ = ["Clash", "format_clashes", "format_query"]


@attrs.frozen(order=True)
class Clash:
    """A name that results from the rules and is taken.

    Attributes:
        wanted: The name by rule.
        chosen: The name that the generated code has.
        reason: Why the first name is not available.
        extension: Extension of the overlay that sets the name, such as `x-class`.
        target: JSONPath query of the node that carries the extension.
    """

    wanted: str
    chosen: str
    reason: str
    extension: str
    target: str


def format_clashes(clashes: Iterable[Clash]) -> list[str]:
    """Return one line per clash, sorted, each with the overlay action that would choose another name."""
    return [
        f"{clash.wanted} is {clash.reason}; named {clash.chosen}. To rename it, add to the overlay: "
        f"{{target: {json.dumps(clash.target)}, update: {{{clash.extension}: NAME}}}}"
        for clash in sorted(set(clashes))
    ]


def format_query(location: Location) -> str:
    """Return a location as a JSONPath query: `$.paths['/tags'].get`."""
    steps = (
        f"[{part}]"
        if isinstance(part, int)
        else f".{part}"
        if re.fullmatch(r"[A-Za-z_]\w*", part, re.ASCII)
        else f"[{_quote(part)}]"
        for part in location
    )
    return to_single_line("$" + "".join(steps))


def _quote(text: str) -> str:
    escaped = json.dumps(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{escaped}'"
