"""Pages of exception logs as the API sends them."""

from __future__ import annotations

from typing import Any

import orjson

RECORDS = 100


def build_record(number: int) -> dict[str, Any]:
    headers = {"Cache-Control": "max-age=3600", "Content-Type": "text/html; charset=utf-8", "Connection": "keep-alive"}
    return {
        "id": number + 1,
        "integration_id": 7,
        "base_url": "https://shop.example",
        "full_url": "https://shop.example/api/orders/4711/notes.json",
        "method": "POST",
        "response_code": 495,
        "response": {"headers": headers, "body": "<!doctype html>\n<html><head><title>Error</title></head></html>\n"},
        "request": {"headers": headers, "payload": {"order_note": {"note": "Sent", "number": number}}},
        "created_at": f"2023-03-01T02:{number // 60 % 60:02}:{number % 60:02}+01:00",
        "exception_type": "requests.exceptions.SSLError",
        "exception": "An SSL error occurred",
        "protected": False,
        "additional_data": "",
    }


PAGE = orjson.dumps({"data": [build_record(number) for number in range(RECORDS)]})
NEXT_PAGE = orjson.dumps({"data": [build_record(number) for number in range(RECORDS, 2 * RECORDS)]})
