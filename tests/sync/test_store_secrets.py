"""Tests that a database password is in no message, repr or local variable of a traceback, and that no repr raises."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

import sendcloud_integrations_client.sync
from sendcloud_integrations_client import ConfigurationError, SendcloudError, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore, Redaction, StoreError, sync_logs

_DIRECTORY = Path(sendcloud_integrations_client.sync.__file__).parent
PASSWORD = "hu@sh&more"
SPELLINGS = ("hu@sh&more", "hu%40sh%26more")


def iterate_frames(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames of the package `sync` in the traceback of an error and of the errors that caused it."""
    link: BaseException | None = error
    while link is not None:
        trace: TracebackType | None = link.__traceback__
        while trace is not None:
            if Path(trace.tb_frame.f_code.co_filename).is_relative_to(_DIRECTORY):
                yield trace.tb_frame
            trace = trace.tb_next
        link = link.__cause__ or link.__context__


def render_value(value: Any, depth: int = 4) -> str:
    """Return what a tool that prints local variables could show: repr, items, and attributes."""
    text = repr(value)
    if depth and isinstance(value, Mapping):
        text += "".join(render_value(item, depth - 1) for item in value.items())
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        text += "".join(render_value(item, depth - 1) for item in value)
    elif depth and type(value).__module__.startswith("sendcloud_integrations_client"):
        text += render_value(getattr(value, "__dict__", {}), depth - 1)
    return text


def find_leaks(error: BaseException) -> list[str]:
    texts = [str(error), repr(error), repr(error.args)]
    texts += [
        f"{frame.f_code.co_qualname} {name} {render_value(value)}"
        for frame in iterate_frames(error)
        for name, value in frame.f_locals.items()
    ]
    return [text for text in texts if any(spelling in text for spelling in SPELLINGS)]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://name:hu%40sh%26more@host/logs",
        "postgresql+psycopg://name:hu%40sh%26more@host/logs",
        "postgresql://name:hu%40sh%26more@host:port/logs",
        "://hu%40sh%26more",
        "sqlite://name:hu%40sh%26more@/",
        make_url("mysql://name:hu%40sh%26more@host/logs"),
        b"postgresql://name:hu@sh&more@host/logs",
        "postgresql://name:hu%40sh%26more@host/\ud800",
        "postgresql://name:hu%40sh%26more@host/\0",
    ],
)
def test_rejected_url_is_not_in_the_traceback(url: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        LogStore(url)
    assert len(list(iterate_frames(raised.value))) == 1
    assert find_leaks(raised.value) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://name:hu%40sh%26more@127.0.0.1:1/logs",
        "postgresql://name@127.0.0.1:1/logs?password=hu%40sh%26more",
        "postgresql://name:hu%40sh%26more@127.0.0.1:1/logs?no_such_option=1&sslpassword=hu%40sh%26more",
    ],
)
@pytest.mark.parametrize("name", ["migrate", "is_migrated"])
async def test_password_of_a_failing_store_is_not_in_the_traceback(url: str, name: str) -> None:
    store = LogStore(make_url(url) if name == "migrate" else url)
    with pytest.raises(StoreError) as raised:
        await getattr(store, name)()
    await store.aclose()
    assert len(list(iterate_frames(raised.value))) >= 2
    assert find_leaks(raised.value) == []


async def test_password_is_not_in_the_traceback_if_the_driver_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    store = LogStore("postgresql://name:hu%40sh%26more@host/logs")
    with pytest.raises(ConfigurationError) as raised:
        await store.migrate()
    assert find_leaks(raised.value) == []


async def test_database_that_does_not_exist_is_a_store_error(new_postgresql_database: Callable[[], str]) -> None:
    url = make_url(new_postgresql_database()).set(database="missing", password=PASSWORD)
    async with LogStore(url) as store:
        with pytest.raises(StoreError, match='database "missing" does not exist') as raised:
            await store.migrate()
    assert find_leaks(raised.value) == []


def test_repr_shows_no_password_in_user_or_query() -> None:
    text = repr(LogStore("postgresql://name:hush@host/logs?password=hush&sslpassword=hush&ssl=require"))
    assert text == "LogStore('postgresql+asyncpg://name:***@host/logs?ssl=require')"


@pytest.mark.parametrize("kind", [LogStore, Redaction, SendcloudIntegrations])
def test_repr_of_an_object_whose_init_raised_works(kind: type) -> None:
    assert repr(object.__new__(kind)) == f"{kind.__name__}()"


def test_repr_of_redaction_shows_its_options() -> None:
    redaction = Redaction(headers=["A"], fields=["b"], marker="-")  # type: ignore[arg-type]
    assert repr(redaction) == "Redaction(headers=frozenset({'A'}), fields=frozenset({'b'}), marker='-')"
    assert repr(Redaction()) == "Redaction()"
    assert str(inspect.signature(sync_logs).parameters["redaction"]).endswith(" = Redaction()")


@given(st.text() | st.binary() | st.integers() | st.none())
def test_store_accepts_any_url_or_raises_a_typed_error(url: Any) -> None:
    try:
        store = LogStore(url)
    except SendcloudError:
        return
    assert repr(store).startswith("LogStore('")


@pytest.mark.parametrize("build_copy", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_redaction_can_be_copied_and_pickled(build_copy: Callable[[Redaction], Redaction]) -> None:
    for redaction in (Redaction(), Redaction(headers=frozenset(), fields=frozenset({"colour"}), marker="-")):
        other = build_copy(redaction)
        assert other == redaction
        text = "colour=red&password=hush"
        assert other.redact_text(text) == redaction.redact_text(text) != text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda values: st.lists(values) | st.dictionaries(st.text(st.characters(codec=None)), values),
    max_leaves=10,
)


@given(JSON_VALUES)
def test_redaction_accepts_any_json_value(value: Any) -> None:
    _, content = Redaction().redact_record({"value": value})
    content.decode()  # no lone surrogates


@given(st.text(st.characters(codec=None) | st.sampled_from("%=&:\"'{}[]\\/ \ud800"), max_size=60))
def test_redaction_accepts_any_text(text: str) -> None:
    assert isinstance(Redaction().redact_text(text), str)
    assert isinstance(Redaction().redact_text(f"{text}=%41{text}&password={text}"), str)
