"""Likely causes of problems: what each one means, who acts, and what to do next.

`CAUSES` is one table, read from top to bottom: the first cause that matches is the likely one. docs/report.md contains
the same table for people.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import attrs

__all__ = ["CAUSES", "OTHER_CAUSE", "Actor", "Cause", "find_cause"]

Actor = Literal["shop", "Sendcloud", "us"]
"""Who can solve a problem: the owner of the shop, Sendcloud, or the readers of the report."""

_MAX_MESSAGE: Final = 2_000  # characters of a message that are searched


@attrs.frozen(kw_only=True)
class Cause:
    """A likely cause.

    Attributes:
        name: Name of the cause.
        actor: Who acts.
        next_step: What to do.
        statuses: Statuses of the shop's response that have this cause.
        pattern: Text in the exception type or the message that indicates this cause; None for no text.
    """

    name: str
    actor: Actor
    next_step: str
    statuses: frozenset[int] = attrs.field(default=frozenset(), repr=False)
    pattern: re.Pattern[str] | None = attrs.field(default=None, repr=False)


def _search(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


CAUSES: Final = (
    Cause(
        name="wrong credentials",
        actor="shop",
        next_step="Ask the shop to connect again in Sendcloud with new credentials.",
        statuses=frozenset({401}),
        pattern=_search(
            r"invalid (api|access)? ?(key|token|credentials)|expired token|token (has )?expired|unauthori[sz]ed"
        ),
    ),
    Cause(
        name="access denied",
        actor="shop",
        next_step="Ask the shop to grant the permissions again, and to allow Sendcloud in its firewall.",
        statuses=frozenset({402, 403, 407, 451}),
        pattern=_search(r"forbidden|permission denied|access denied"),
    ),
    Cause(
        name="TLS certificate error",
        actor="shop",
        next_step="Ask the shop to renew or repair its TLS certificate.",
        statuses=frozenset({495, 496, 525, 526}),
        pattern=_search(r"\bssl|ssl\w*error|certificate|tls handshake"),
    ),
    Cause(
        name="DNS error",
        actor="shop",
        next_step="Ask the shop whether its domain has moved or expired, then correct the URL of the shop.",
        statuses=frozenset({530}),
        pattern=_search(r"name or service not known|failed to resolve|nameresolution|getaddrinfo|gaierror|nodename"),
    ),
    Cause(
        name="timeout",
        actor="shop",
        next_step="Open the shop's site. If it is slow or down, inform the shop; otherwise wait for the next run.",
        statuses=frozenset({408, 504, 522, 524, 598}),
        pattern=_search(r"time(d)?[ -]?out"),
    ),
    Cause(
        name="rate limit",
        actor="Sendcloud",
        next_step="Wait. If it continues for a day, ask the shop to raise its limit, or Sendcloud to send fewer calls.",
        statuses=frozenset({429}),
        pattern=_search(r"too many requests|rate limit|throttl"),
    ),
    Cause(
        name="invalid response",
        actor="shop",
        next_step="Open the URL of the example log. If it shows a login or maintenance page, ask the shop to fix it.",
        pattern=_search(r"jsondecode|expecting value|unicodedecode|contentdecoding|xml|parseerror|not well-formed"),
    ),
    Cause(
        name="removed endpoint",
        actor="shop",
        next_step="Ask the shop whether the order, the plugin or the path was removed, and to update the plugin.",
        statuses=frozenset({301, 302, 307, 308, 404, 405, 410}),
    ),
    Cause(
        name="rejected data",
        actor="us",
        next_step="Compare the request of the example log with the order, and correct the order or the mapping.",
        statuses=frozenset({400, 406, 409, 411, 412, 413, 414, 415, 422, 428}),
    ),
    Cause(
        name="shop error",
        actor="shop",
        next_step="Send the time and the URL of the example log to the shop, which finds the error in its own log.",
        statuses=frozenset({500, 501, 502, 503, 505, 507, 508, 509, 520, 521, 523, 527, 529}),
    ),
    Cause(
        name="connection failed",
        actor="shop",
        next_step="Ask the shop whether its site is online, and whether its firewall blocks Sendcloud.",
        pattern=_search(r"connection(error| ?refused| ?reset| ?aborted)|connecterror|remotedisconnected|protocolerror"),
    ),
    Cause(
        name="error in Sendcloud",
        actor="Sendcloud",
        next_step="Open a ticket at Sendcloud with the id of the example log.",
        pattern=_search(r"\b(key|value|type|attribute|index|assertion|validation)error"),
    ),
)
"""All known causes, in the order in which they are tried."""

OTHER_CAUSE: Final = Cause(
    name="other", actor="us", next_step="Read the example log, and decide who can act on its message."
)
"""The cause of problems that no entry of `CAUSES` matches."""


def find_cause(exception_type: str | None, status: int | None, message: str | None) -> Cause:
    """Return the likely cause of a problem.

    Args:
        exception_type: Type of the exception.
        status: Status of the shop's response; None if there was no response.
        message: Message of the exception.
    """
    if status is not None:
        # A status is more reliable than words in a message. 200 and unknown statuses have no cause in the table.
        for cause in CAUSES:
            if status in cause.statuses:
                return cause
    text = f"{exception_type or ''} {(message or '')[:_MAX_MESSAGE]}"
    return next((one for one in CAUSES if one.pattern is not None and one.pattern.search(text)), OTHER_CAUSE)
