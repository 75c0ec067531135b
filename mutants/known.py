"""Mutants that survived once. Each is run in every `make mutants`, and must be killed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from mutants.mutant import Mutant
from mutants.targets import PACKAGE

__all__ = ["KNOWN", "KnownMutant", "KnownMutantError", "build_known_mutants"]


class KnownMutantError(Exception):
    """A listed mutant no longer matches the source."""


@attrs.frozen
class KnownMutant:
    """One change of one file.

    Attributes:
        file: The file within the package.
        behaviour: What a test must notice.
        original: The text that is replaced; must occur exactly once in the file.
        mutated: The replacement.
    """

    file: str
    behaviour: str
    original: str
    mutated: str


KNOWN: Final = (
    KnownMutant(
        "sync/list_sync.py",
        "a later run without `since` ends early, because `complete_from` was not moved up by an incremental pass",
        "            if _is_earlier(state.complete_from, current.since):\n"
        "                state.complete_from = current.since\n",
        "",
    ),
    KnownMutant(
        "sync/list_sync.py",
        "status 410 for the stored cursor fails the integration",
        "frozenset({400, 404, 410, 422})",
        "frozenset({400, 404, 422})",
    ),
    KnownMutant(
        "sync/list_sync.py",
        "records that the first page of a resumed pass repeats count as a change of the order",
        "                if not is_resumed or row.id in counts.unread_ids:\n"
        "                    current.order.observe(row.id, row.created_at_utc)\n",
        "                current.order.observe(row.id, row.created_at_utc)\n",
    ),
    KnownMutant(
        "sync/redaction/redactor.py",
        "a secret inside a JSON key is stored",
        "                name = self._redact_nested_text(name, depth)\n",
        "                pass\n",
    ),
    KnownMutant(
        "pagination.py",
        "prefetched pages are not cancelled when an iteration ends early",
        "                task.cancel()\n",
        "                pass\n",
    ),
    KnownMutant(
        "runtime/error_responses.py",
        "an echoed `Authorization` header is kept in `error.headers`",
        'frozenset({"set-cookie", "authorization", "proxy-authorization"})',
        'frozenset({"set-cookie", "proxy-authorization"})',
    ),
    KnownMutant(
        "errors.py",
        "two attempts are not mentioned in the message",
        "if self.attempts > 1 else",
        "if self.attempts > 2 else",
    ),
    KnownMutant(
        "runtime/error_responses.py",
        "a message shows more than three error details",
        "texts[:3]",
        "texts",
    ),
    KnownMutant(
        "runtime/error_responses.py",
        "a message shows fewer than three error details",
        "texts[:3]",
        "texts[:2]",
    ),
    KnownMutant(
        "runtime/error_responses.py",
        "a JSON string as the body of an error response is shown with its quotes",
        "            body = parse_json(masked)\n",
        "            body = parse_json(masked)\n"
        "            body = masked.decode() if isinstance(body, str) else body\n",
    ),
    KnownMutant(
        "runtime/decoding.py",
        "a JSON string as the body of a successful response raises TypeError",
        "if body.__class__ is not dict or key not in body:",
        "if key not in body:",
    ),
    KnownMutant(
        "runtime/readers.py",
        "7.5 is read as 7",
        "if isinstance(value, float) and value.is_integer():",
        "if isinstance(value, float):",
    ),
    KnownMutant(
        "pipeline/retries.py",
        "calls that received the same Retry-After return together, without jitter",
        "return backoff if retry_after is None else retry_after + min(backoff, 1.0)",
        "return backoff if retry_after is None else retry_after",
    ),
    KnownMutant(
        "pipeline/retries.py",
        "status 425 counts as possibly processed",
        "_RETRIED_STATUSES - _NOT_PROCESSED_STATUSES - {425}",
        "_RETRIED_STATUSES - _NOT_PROCESSED_STATUSES",
    ),
    KnownMutant(
        "pipeline/rate_limits.py",
        "queues of closed event loops are kept",
        "for other, its in self._waiters.items() if not other.is_closed()}",
        "for other, its in self._waiters.items()}",
    ),
    KnownMutant(
        "auth/oauth2.py",
        "a 401 response for an older token makes a newer token usable that was rejected, too",
        "if self._token and self._token.value == token.value:",
        "if self._token:",
    ),
    KnownMutant(
        "auth/oauth2.py",
        "a rejected token that the store still has is used again",
        "if found and found.value != value and found.expires_at > expires_at and self._is_usable(found):",
        "if found and found.expires_at > time.time():",
    ),
    KnownMutant(
        "auth/oauth2.py",
        "a rejected token that expires later than the current one is used again",
        "if self._token and self._token.expires_at > expires_at and self._is_usable(self._token):",
        "if self._token and self._token.expires_at > max(expires_at, time.time()):",
    ),
    KnownMutant(
        "auth/oauth2.py",
        "the client id is not form-encoded",
        "build_basic_header(quote_plus(client_id), Secret(quote_plus(secret.reveal())))",
        "build_basic_header(client_id, Secret(quote_plus(secret.reveal())))",
    ),
)


def build_known_mutants(root: Path) -> list[Mutant]:
    """Return the known mutants.

    Args:
        root: Folder of the repository.

    Raises:
        KnownMutantError: If a snippet does not occur exactly once in its file.
    """
    mutants: list[Mutant] = []
    for known in KNOWN:
        source = (root / PACKAGE / known.file).read_text(encoding="utf-8")
        if (count := source.count(known.original)) != 1:
            raise KnownMutantError(
                f"{PACKAGE}/{known.file} contains {count} times instead of once:\n{known.original}\n"
                f"Update mutants/known.py: {known.behaviour}."
            )
        mutated = source.replace(known.original, known.mutated)
        mutants.append(Mutant(known.file, known.behaviour, source, mutated, is_known=True))
    return mutants
