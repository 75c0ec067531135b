"""Decode a page from bytes to models: this client, generated code of openapi-python-client, and JSON parsers alone."""

import importlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs
import httpx
import msgspec
import orjson
import pydantic

from benchmarks.peers import generate_unmodified_client
from benchmarks.ratios import Row, best_of
from benchmarks.samples import PAGE, RECORDS
from sendcloud_integrations_client import IntegrationLog
from sendcloud_integrations_client.runtime.decoding import decode_records


class PydanticExchange(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    headers: dict[str, Any] | None = None
    body: Any = None
    payload: Any = None


class PydanticLog(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    id: int
    integration_id: int | None = None
    base_url: str
    full_url: str | None = None
    method: str | None = None
    response_code: int | None = None
    response: PydanticExchange | None = None
    request: PydanticExchange | None = None
    created_at: datetime | None = None
    exception_type: str | None = None
    exception: str | None = None
    protected: bool | None = None
    additional_data: dict[str, Any] | str | None = None


class PydanticPage(pydantic.BaseModel):
    data: list[PydanticLog]


@attrs.define
class AttrsExchange:
    headers: dict[str, Any] | None = None
    body: Any = None
    payload: Any = None


@attrs.define
class AttrsLog:
    id: int
    base_url: str
    integration_id: int | None = None
    full_url: str | None = None
    method: str | None = None
    response_code: int | None = None
    response: AttrsExchange | None = None
    request: AttrsExchange | None = None
    created_at: datetime | None = None
    exception_type: str | None = None
    exception: str | None = None
    protected: bool | None = None
    additional_data: dict[str, Any] | str | None = None


@attrs.define
class AttrsPage:
    data: list[AttrsLog]


msgspec_decode = msgspec.json.Decoder(AttrsPage).decode


def measure() -> list[Row]:
    """Return ratios to `orjson.loads`, pydantic, msgspec and openapi-python-client."""
    response = httpx.Response(200, content=PAGE, request=httpx.Request("GET", "https://panel.sendcloud.sc/"))

    def decode_page() -> object:
        return decode_records(response, "data", IntegrationLog)

    with generate_unmodified_client() as package:
        decode_generated = find_page_decoder(importlib.import_module(f"{package}.models"))
        seconds = best_of(
            {
                "client": decode_page,
                "orjson": lambda: orjson.loads(PAGE),
                "json": lambda: json.loads(PAGE),
                "pydantic": lambda: PydanticPage.model_validate_json(PAGE),
                "msgspec": lambda: msgspec_decode(PAGE),
                "generated": lambda: decode_generated(json.loads(PAGE)),
            }
        )
    micros = {name: 1e6 * second / RECORDS for name, second in seconds.items()}
    return [
        Row(
            "decoding a page / pydantic v2, unknown fields kept",
            seconds["client"] / seconds["pydantic"],
            0.65,
            f"pydantic: {micros['pydantic']:.1f} µs",
        ),
        Row(
            "decoding a page / msgspec into attrs classes, unknown fields dropped",
            seconds["client"] / seconds["msgspec"],
            None,
            f"msgspec: {micros['msgspec']:.1f} µs",
        ),
        Row(
            "decoding a page / orjson.loads alone",
            seconds["client"] / seconds["orjson"],
            2.3,
            f"{micros['client']:.1f} µs per record",
        ),
        Row(
            "decoding a page / json.loads alone",
            seconds["client"] / seconds["json"],
            None,
            f"json: {micros['json']:.1f} µs",
        ),
        Row(
            "decoding a page / openapi-python-client as generated",
            seconds["client"] / seconds["generated"],
            0.17,
            f"{micros['generated']:.1f} µs per record",
        ),
    ]


def find_page_decoder(models: Any) -> Callable[[Any], object]:
    """Return `from_dict` of the model that openapi-python-client generated for a page of logs."""
    for name in dir(models):
        if "logs" in name.lower() and name.lower().endswith("response200"):
            decode: Callable[[Any], object] = getattr(models, name).from_dict
            return decode
    raise LookupError("openapi-python-client generated no model for a page of logs")
