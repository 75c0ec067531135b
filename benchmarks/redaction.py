"""CPU seconds per MB that the redaction takes for adversarial texts, and its cost for records without secrets."""

from __future__ import annotations

import base64
import time

import orjson

from benchmarks.ratios import Row
from benchmarks.samples import build_record
from sendcloud_integrations_client.sync.redaction import Redaction

_SIZE = 500_000


def measure() -> list[Row]:
    """Measure each adversarial text once, and 300 records."""
    redaction = Redaction()
    rows = []
    for name, text in build_texts().items():
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


def build_texts() -> dict[str, str]:
    """Return texts that make a backtracking or repeated search slow."""

    def repeat(part: str) -> str:
        return part * (_SIZE // len(part))

    secrets = (base64.b64encode(b"password=%d" % number).decode() for number in range(_SIZE // 22))
    return {
        "names without values": repeat("password "),
        "percent signs": repeat("%25"),
        "percent signs encoded many times": "%" + repeat("25"),
        "form fields": repeat("pin=1&"),
        "lines": repeat("pin: 1\n"),
        "unclosed elements": repeat("<password>"),
        "unclosed CDATA": repeat("<password><![CDATA["),
        "unclosed comments": repeat("<!--"),
        "unclosed quotes": repeat('password="'),
        "backslashes": repeat("\\") + "pin:",
        "unclosed objects": repeat("token={"),
        "brackets": repeat("["),
        "addresses": repeat("://a:") + "@",
        "tokens without an end": repeat("eyJ"),
        "PEM headers": repeat("-----BEGIN PRIVATE KEY"),
        "spaces": "password" + repeat(" "),
        "entities": repeat("&quot;"),
        "nested entities": "&" + repeat("amp;"),
        "escapes": repeat("\\u0022"),
        "pairs without values": repeat("name=password "),
        "closing brackets": "password: " + repeat(")"),
        "base64 secrets": " ".join(secrets),
        "strings in JSON": "[" + ",".join(f'"pin={number}"' for number in range(_SIZE // 14)) + "]",
        "one letter": repeat("a"),
    }
