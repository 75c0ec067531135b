"""CPU seconds per MB that the redaction takes for adversarial texts, and its cost for records without secrets."""

from __future__ import annotations

import time

import orjson

from benchmarks.ratios import Row
from benchmarks.samples import build_record
from sendcloud_integrations_client.sync.redaction import Redaction
from tests.support.adversarial_texts import build_adversarial_texts

_SIZE = 500_000


def measure() -> list[Row]:
    """Measure each adversarial text once, and 300 records."""
    redaction = Redaction()
    rows = []
    for name, text in build_adversarial_texts(_SIZE).items():
        start = time.process_time()
        redaction.redact_text(text)
        seconds = time.process_time() - start
        rows.append(
            Row(f"redaction of {name}: seconds per MB", seconds / len(text) * 1e6, 1.0, f"{len(text):,} characters")
        )
    return [*rows, measure_records(redaction)]


def measure_records(redaction: Redaction) -> Row:
    """Compare the redaction of records without secrets with encoding them."""
    records = [build_record(number) for number in range(300)]
    seconds = dict.fromkeys(("redact", "dumps"), float("inf"))
    for _ in range(7):
        for name, function in (("redact", redaction.redact_record), ("dumps", orjson.dumps)):
            start = time.process_time()
            for record in records:
                function(record)
            seconds[name] = min(seconds[name], time.process_time() - start)
    micros = seconds["redact"] / len(records) * 1e6
    return Row("redaction of a record / orjson.dumps", seconds["redact"] / seconds["dumps"], None, f"{micros:.0f} µs")
