"""CPU seconds per MB that the redaction takes for adversarial and mixed texts, and its cost for records."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from typing import Any

import orjson

from benchmarks.ratios import Row
from benchmarks.samples import build_record
from sendcloud_integrations_client.sync.redaction import Redaction
from tests.support.adversarial_texts import build_adversarial_texts
from tests.sync.redaction_corpus import SECRETS

_SIZE = 500_000
_MIXES = 40
_MIX_SIZE = 10_000


def measure() -> list[Row]:
    """Measure adversarial texts, random mixes and records."""
    redaction = Redaction()
    rows = []
    for name, text in build_adversarial_texts(_SIZE).items():
        seconds = min(measure_seconds_per_mb(redaction, text) for _ in range(2))
        rows.append(Row(f"redaction of {name}: seconds per MB", seconds, 0.7, f"{len(text):,} characters"))
    return [*rows, *measure_mixes(redaction), measure_records(redaction), measure_records_with_secrets(redaction)]


def measure_mixes(redaction: Redaction) -> list[Row]:
    """Measure random mixes of all adversarial texts and of the corpus of the tests."""
    parts = [*build_adversarial_texts(300).values(), *(text for texts in SECRETS.values() for text in texts)]
    seconds = []
    for seed in range(_MIXES):
        text = build_mix(parts, seed)
        seconds.append(measure_seconds_per_mb(redaction, text))
    detail = f"{_MIXES} texts of {_MIX_SIZE:,} characters"
    return [
        Row("redaction of random mixes, median: seconds per MB", statistics.median(seconds), 1.0, detail),
        Row("redaction of random mixes, highest: seconds per MB", max(seconds), None, detail),
    ]


def measure_seconds_per_mb(redaction: Redaction, text: str) -> float:
    """Measure the CPU time of the redaction of a text."""
    start = time.process_time()
    redaction.redact_text(text)
    return (time.process_time() - start) / len(text) * 1e6


def build_mix(parts: list[str], seed: int) -> str:
    """Join random texts, of which half are cut, with random separators."""
    generator = random.Random(seed)
    mixed: list[str] = []
    size = 0
    while size < _MIX_SIZE:
        part = generator.choice(parts)
        if generator.random() < 0.5:
            start = generator.randrange(len(part))
            part = part[start : start + generator.randrange(1, 120)]
        mixed.append(part + generator.choice(("", " ", "\n", "\n", "&", '"', ", ", "; ")))
        size += len(mixed[-1])
    return "".join(mixed)


def measure_records(redaction: Redaction) -> Row:
    """Compare the redaction of records without secrets with encoding them."""
    records = [build_record(number) for number in range(300)]
    return _compare_with_encoding("a record", redaction, records, repeats=7)


def measure_records_with_secrets(redaction: Redaction) -> Row:
    """Compare the redaction of records of 4 kB with several secrets each with encoding them."""
    records = [build_record_with_secrets(number) for number in range(300)]
    return _compare_with_encoding("a record with secrets", redaction, records, repeats=5)


def _compare_with_encoding(subject: str, redaction: Redaction, records: Sequence[object], *, repeats: int) -> Row:
    seconds = dict.fromkeys(("redact", "dumps"), float("inf"))
    for _ in range(repeats):
        for name, function in (("redact", redaction.redact_record), ("dumps", orjson.dumps)):
            start = time.process_time()
            for record in records:
                function(record)
            seconds[name] = min(seconds[name], time.process_time() - start)
    micros = seconds["redact"] / len(records) * 1e6
    ratio = seconds["redact"] / seconds["dumps"]
    return Row(f"redaction of {subject} / orjson.dumps", ratio, None, f"{micros:.0f} µs")


def build_record_with_secrets(number: int) -> dict[str, Any]:
    """Return a record whose headers, payload, body, URL and exception contain secrets."""
    record = build_record(number)
    secret = f"{number:04}a8Fk29dLq0Zx81mP"
    product = f'<div class="product" data-id="{number}"><a href="/p/{number}?lang=nl">Scarf, 100 % wool</a></div>\n'
    form = f'<form><input type="hidden" name="csrf" value="{secret}"></form>\n'
    frames = "".join(f'  File "/srv/app/orders/client.py", line {line}, in send_{line}\n' for line in range(12))
    return record | {
        "full_url": f"https://shop.example/api/orders?page=2&limit=50&api_key={secret}&updated_since=2023-02-28",
        "request": {
            "headers": record["request"]["headers"] | {"Authorization": f"Bearer {secret}", "X-Order": str(number)},
            "payload": orjson.dumps({"order": {"id": number, "lines": [1, 2]}, "token": secret}).decode(),
        },
        "response": {
            "headers": record["response"]["headers"] | {"Set-Cookie": f"PHPSESSID={secret}; path=/; HttpOnly"},
            "body": f"<html><body>{form}{product * 20}</body></html>",
        },
        "exception": f"Traceback (most recent call last):\n{frames}HTTPError: 401 for url /api/orders?api_key={secret}",
    }
