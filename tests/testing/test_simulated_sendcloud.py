import asyncio
import base64
import itertools
import os
import re
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.testing import Fault, SimulatedLimits, SimulatedSendcloud, serve

API = "http://sendcloud.test/api/v3"
TOKEN_URL = "http://sendcloud.test/oauth2/token"
LOG = {"base_url": "https://example.com"}
NOON = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


def create_client(server, auth=("public", "secret")):
    return httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url=API, auth=auth)


@asynccontextmanager
async def run_simulation(**options):
    server = SimulatedSendcloud(now=lambda: NOON, **options)
    async with create_client(server) as client:
        yield server, client


def parse_links(response):
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', response.headers.get("Link", ""))
    return {relation: url for url, relation in found}


def get_raw_cursor(url):
    return re.search(r"cursor=([^&]*)", url)[1]


async def iterate_pages(client, path, page_size, relation="next", start=""):
    """Yield every page, starting with the first, by following the unchanged cursor of each link."""
    query = start or f"page_size={page_size}"
    while True:
        response = await client.get(f"{path}?{query}")
        assert response.status_code == 200, response.text
        yield response.json()["data"]
        url = parse_links(response).get(relation)
        if url is None:
            return
        query = urlsplit(url).query


def get_single_error(response, status):
    assert response.status_code == status, response.text
    [entry] = response.json()["errors"]
    return entry


class FakeClock:
    time = 1000.0

    def __call__(self):
        return self.time


# Integrations


async def test_seeded_data_depends_only_on_the_seed():
    bodies = []
    for seed in (3, 3, 4):
        async with run_simulation(seed=seed) as (_, client):
            bodies.append(
                [(await client.get(path)).content for path in ("/integrations", "/integrations/logs?page_size=100")]
            )
    assert bodies[0] == bodies[1]
    assert bodies[0][0] != bodies[2][0]
    assert bodies[0][1] != bodies[2][1]


async def test_a_listed_integration_can_be_retrieved():
    async with run_simulation(integrations=7) as (_, client):
        rows = (await client.get("/integrations")).json()["data"]
        assert {row["id"] for row in rows} == set(range(1, 8))
        for row in rows:
            assert (await client.get(f"/integrations/{row['id']}")).json() == {"data": row}


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ("integration_type", "type"),
        ("created_at", "created_at"),
        ("updated_at", "updated_at"),
        ("last_fetch", "last_fetched_at"),
        ("failing_since", "started_failing_at"),
    ],
)
async def test_integrations_are_sorted_by_the_requested_field(order, field):
    async with run_simulation(integrations=40) as (_, client):
        rows = (await client.get("/integrations", params={"sort": order})).json()["data"]
        values = [row[field] for row in rows]
        present = [value for value in values if value is not None]
        assert len(set(present)) > 1
        assert values == sorted(present) + [None] * (len(values) - len(present))
        backwards = (await client.get("/integrations", params={"sort": f"-{order}"})).json()["data"]
        assert backwards == rows[::-1]


async def test_integrations_are_sorted_by_last_fetch_and_creation_by_default():
    async with run_simulation(integrations=40) as (_, client):
        rows = (await client.get("/integrations")).json()["data"]
        assert [row["last_fetched_at"] is None for row in rows] == sorted(
            row["last_fetched_at"] is None for row in rows
        )
        keys = [(row["last_fetched_at"] or "9", row["created_at"]) for row in rows]
        assert keys == sorted(keys)
        assert (await client.get("/integrations?sort=nonsense")).json()["data"] == rows


@pytest.mark.parametrize("number", ["11", "0", "-1", "abc", "1.0", "9" * 5000])
@pytest.mark.parametrize(
    ("method", "suffix"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/logs"), ("POST", "/logs")]
)
async def test_unknown_integration_returns_404(method, suffix, number):
    async with run_simulation() as (_, client):
        entry = get_single_error(await client.request(method, f"/integrations/{number}{suffix}", json={}), 404)
        assert entry["code"] == "not_found"
        assert entry["status"] == 404


async def test_patch_changes_only_the_fields_in_its_body():
    async with run_simulation() as (_, client):
        before = (await client.get("/integrations/2")).json()["data"]
        patch = {"shop_name": "New", "service_point_carriers": ["dpd"], "id": 99, "anything": 1}
        response = await client.patch("/integrations/2", json=patch)
        assert (response.status_code, response.content) == (204, b"")
        after = (await client.get("/integrations/2")).json()["data"]
        changed = {"shop_name": "New", "service_point_carriers": ["dpd"], "updated_at": "2026-05-04T12:00:00Z"}
        assert after == before | changed


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"shop_name": ""}, "invalid"),
        ({"shop_name": "x" * 251}, "invalid"),
        ({"shop_name": None}, "invalid"),
        ({"shop_url": "no url"}, "invalid"),
        ({"shop_url": ""}, "invalid"),
        ({"service_point_enabled": 1}, "invalid"),
        ({"service_point_carriers": "ups"}, "not_a_list"),
        ({"service_point_carriers": ["ups", 1]}, "invalid"),
        ({"webhook_active": "true"}, "invalid"),
        ({"webhook_url": ""}, "invalid"),
        ({"webhook_url": "//x"}, "invalid"),
        ({"feedback_type": "never"}, "invalid_choice"),
    ],
)
async def test_invalid_patch_is_rejected_and_changes_nothing(patch, code):
    async with run_simulation() as (_, client):
        before = (await client.get("/integrations/2")).json()
        entry = get_single_error(await client.patch("/integrations/2", json=patch | {"shop_name": "x"} | patch), 400)
        [field] = patch
        assert entry["code"] == code
        assert entry["status"] == "400"
        assert entry["source"]["pointer"].startswith(f"body/{field}")
        assert (await client.get("/integrations/2")).json() == before


async def test_patch_accepts_the_longest_valid_name_and_a_null_webhook_url():
    async with run_simulation() as (_, client):
        patch = {"shop_name": "ü" * 250, "webhook_active": False, "webhook_url": None}
        assert (await client.patch("/integrations/2", json=patch)).status_code == 204


async def test_active_webhook_requires_a_url_from_this_or_an_earlier_request():
    async with run_simulation() as (_, client):
        path = "/integrations/2"
        await client.patch(path, json={"webhook_active": False, "webhook_url": None})
        entry = get_single_error(await client.patch(path, json={"webhook_active": True}), 400)
        assert (entry["code"], entry["status"]) == ("invalid", "400")
        assert (await client.get(path)).json()["data"]["webhook_active"] is False
        assert (await client.patch(path, json={"webhook_url": "https://x.example/hook"})).status_code == 204
        assert (await client.patch(path, json={"webhook_active": True})).status_code == 204
        get_single_error(await client.patch(path, json={"webhook_url": None}), 400)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"a":', b"\xff"])
async def test_body_that_is_not_a_json_object_is_rejected(content):
    async with run_simulation() as (_, client):
        response = await client.patch("/integrations/2", content=content)
        assert get_single_error(response, 400)["code"] == "non_field_errors"


async def test_deleted_integration_returns_404():
    async with run_simulation() as (_, client):
        assert (await client.delete("/integrations/3")).status_code == 204
        get_single_error(await client.get("/integrations/3"), 404)
        get_single_error(await client.delete("/integrations/3"), 404)
        get_single_error(await client.get("/integrations/3/logs"), 404)
        assert 3 not in {row["id"] for row in (await client.get("/integrations")).json()["data"]}


# Logs


@given(
    seed=st.integers(0, 50),
    integrations=st.integers(1, 9),
    logs=st.integers(0, 130),
    created=st.integers(0, 6),
    page_size=st.integers(1, 100),
)
def test_pagination_returns_every_log_once_newest_first(seed, integrations, logs, created, page_size):
    async def check():
        async with run_simulation(seed=seed, integrations=integrations, logs=logs) as (_, client):
            for number in range(created):
                await client.post(f"/integrations/{number % integrations + 1}/logs", json=LOG)
            pages = [page async for page in iterate_pages(client, "/integrations/logs", page_size)]
            every = list(itertools.chain(*pages))
            assert [row["id"] for row in every] == list(range(logs + created, 0, -1))
            assert all(len(page) == page_size for page in pages[:-1])
            for number in range(1, integrations + 1):
                path = f"/integrations/{number}/logs"
                own = list(itertools.chain(*[page async for page in iterate_pages(client, path, page_size)]))
                assert own == [row for row in every if row["integration_id"] == number]

    asyncio.run(check())


@pytest.mark.parametrize("path", ["/integrations/logs", "/integrations/1/logs"])
async def test_prev_links_return_to_the_first_page(path):
    async with run_simulation(integrations=3, logs=100) as (_, client):
        await client.post("/integrations/1/logs", json=LOG)
        forwards, query = [], "page_size=7"
        while True:
            response = await client.get(f"{path}?{query}")
            forwards.append(response.json()["data"])
            assert ("prev" in parse_links(response)) is (len(forwards) > 1)
            if "next" not in parse_links(response):
                break
            query = urlsplit(parse_links(response)["next"]).query
        backwards = [page async for page in iterate_pages(client, path, 7, "prev", start=query)]
        assert len(forwards) > 3
        assert backwards == forwards[::-1]


async def test_link_header_uses_all_published_cursor_spellings_and_the_configured_host():
    async with run_simulation(logs=200, link_host="https://elsewhere.example/v3/") as (_, client):
        urls, query = [], "page_size=3"
        while query:
            found = parse_links(await client.get(f"/integrations/logs?{query}"))
            urls += found.values()
            query = urlsplit(found["next"]).query if "next" in found else ""
        assert all(url.startswith("https://elsewhere.example/v3/integrations/logs?cursor=") for url in urls)
        cursors = [get_raw_cursor(url) for url in urls]
        assert any(re.fullmatch(r"[\d-]+T[\d:]+\+01:00", cursor) for cursor in cursors)
        assert any(re.fullmatch(r"[\d-]+T[\d%A]+%2B01%3A00", cursor) for cursor in cursors)
        assert any(re.fullmatch(r"[\d-]+T[\d:]+", cursor) for cursor in cursors)


async def test_link_header_uses_the_host_of_sendcloud_by_default():
    async with run_simulation() as (_, client):
        url = parse_links(await client.get("/integrations/4/logs?page_size=2"))["next"]
        assert url.startswith("https://panel.sendcloud.sc/api/v3/integrations/4/logs?")
        assert parse_qs(urlsplit(url).query)["page_size"] == ["2"]


async def test_any_timestamp_is_a_valid_cursor_for_the_logs_before_it():
    async with run_simulation() as (_, client):
        rows = (await client.get("/integrations/logs", params={"page_size": 100})).json()["data"]
        timestamps = [datetime.fromisoformat(row["created_at"]) for row in rows]
        assert timestamps == sorted(timestamps, reverse=True)
        for cursor in (timestamps[40], timestamps[40] + timedelta(milliseconds=1)):
            page = (await client.get("/integrations/logs", params={"cursor": cursor.isoformat()})).json()["data"]
            expected = [row for row, timestamp in zip(rows, timestamps, strict=True) if timestamp < cursor]
            assert page == expected[:25]


@pytest.mark.parametrize("cursor", ["", "1", "2023-03-01", "2023-13-01T00:00:00Z", "2023-03-01T00:00:00%252B01:00"])
async def test_cursor_that_is_not_a_date_time_is_rejected(cursor):
    async with run_simulation() as (_, client):
        entry = get_single_error(await client.get(f"/integrations/logs?cursor={cursor}"), 400)
        assert entry["source"] == {"parameter": "cursor"}


@pytest.mark.parametrize("page_size", ["0", "101", "-1", "x", "", "1.5", "9" * 5000])
async def test_invalid_page_size_is_rejected(page_size):
    async with run_simulation() as (_, client):
        for path in ("/integrations/logs", "/integrations/1/logs"):
            entry = get_single_error(await client.get(f"{path}?page_size={page_size}"), 400)
            assert entry["source"] == {"parameter": "page_size"}


async def test_page_size_defaults_to_25():
    async with run_simulation() as (_, client):
        for query, size in (("", 25), ("?page_size=1", 1), ("?page_size=100", 100)):
            body = (await client.get(f"/integrations/logs{query}")).json()
            assert list(body) == ["data"]
            assert len(body["data"]) == size


async def test_seeded_logs_cover_all_value_types():
    async with run_simulation() as (_, client):
        rows = [row async for page in iterate_pages(client, "/integrations/logs", 100) for row in page]
        payloads = {type(row["request"]["payload"]) for row in rows}
        assert payloads == {dict, str, type(None)}
        assert {type(row["request"]["headers"]) for row in rows} == {dict, str}
        assert {type(row["response"]) for row in rows} == {dict, type(None)}
        assert {type(row["additional_data"]) for row in rows} == {dict, str}
        assert {type(row["response_code"]) for row in rows} == {int, type(None)}
        assert {row["created_at"][-6:] for row in rows} >= {"+01:00"}
        assert any(row["created_at"].endswith("Z") for row in rows)
        assert not [row for row in rows if re.search(r"[<%]\(?\w+\)?[>b]", row["base_url"] + row["exception"])]


async def test_a_billion_logs_can_be_listed():
    async with run_simulation(integrations=500, logs=10**9) as (_, client):
        first = await client.get("/integrations/logs?page_size=2")
        assert [row["id"] for row in first.json()["data"]] == [10**9, 10**9 - 1]
        own = await client.get("/integrations/321/logs?cursor=2123-03-01T02:02:00Z&page_size=100")
        assert len(own.json()["data"]) == 100
        assert {row["integration_id"] for row in own.json()["data"]} == {321}


async def test_logs_without_integrations_have_a_null_integration_id():
    async with run_simulation(integrations=0, logs=3) as (_, client):
        assert (await client.get("/integrations")).json() == {"data": []}
        rows = (await client.get("/integrations/logs")).json()["data"]
        assert [row["integration_id"] for row in rows] == [None] * 3


async def test_created_log_is_listed_first_and_unchanged():
    async with run_simulation(logs=5) as (_, client):
        log = LOG | {
            "created_at": "2020-01-01T00:00:00+01:00",
            "response_code": 495,
            "request": {"payload": {"a": [1]}},
        }
        response = await client.post("/integrations/4/logs", json=log)
        assert response.status_code == 201
        record = response.json()["data"]
        assert record == record | log
        assert (record["id"], record["integration_id"]) == (6, 4)
        assert (record["protected"], record["additional_data"], record["full_url"]) == (False, "", None)
        assert (await client.get("/integrations/logs")).json()["data"][0] == record
        assert (await client.get("/integrations/4/logs")).json()["data"][0] == record


async def test_log_created_during_pagination_does_not_shift_later_pages():
    async with run_simulation(logs=20) as (_, client):
        listed_ids = []
        async for page in iterate_pages(client, "/integrations/logs", 6):
            listed_ids += [row["id"] for row in page]
            await client.post("/integrations/1/logs", json=LOG)
        assert listed_ids == list(range(20, 0, -1))


@pytest.mark.parametrize("given_null", [{}, {"created_at": None, "method": None}])
async def test_created_at_of_a_new_log_defaults_to_the_current_time(given_null):
    async with run_simulation() as (_, client):
        record = (await client.post("/integrations/4/logs", json=LOG | given_null)).json()["data"]
        assert record["created_at"] == "2026-05-04T12:00:00Z"
        assert record["method"] == ""


async def test_unknown_field_of_a_log_is_rejected_with_the_published_error():
    async with run_simulation() as (_, client):
        response = await client.post("/integrations/1/logs", json=LOG | {"unknown_field": 1})
        assert get_single_error(response, 400) == {
            "status": 400,
            "code": "extra_forbidden",
            "title": "Extra Forbidden",
            "detail": "Extra inputs are not permitted",
            "source": {"pointer": "body/unknown_field"},
        }


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"base_url": ""}, "base_url", "invalid"),
        ({"base_url": None}, "base_url", "invalid"),
        ({"full_url": 1}, "full_url", "invalid"),
        ({"response_code": -1}, "response_code", "min_value"),
        ({"response_code": True}, "response_code", "invalid"),
        ({"response_code": 1.5}, "response_code", "invalid"),
        ({"response": {"headers": "text"}}, "response/headers", "invalid"),
        ({"response": {"body": []}}, "response/body", "invalid"),
        ({"request": []}, "request", "invalid"),
        ({"request": {"payload": 1}}, "request/payload", "invalid"),
        ({"created_at": "yesterday"}, "created_at", "invalid"),
        ({"protected": True}, "protected", "extra_forbidden"),
    ],
)
async def test_invalid_log_is_rejected(change, pointer, code):
    async with run_simulation(logs=0) as (_, client):
        entry = get_single_error(await client.post("/integrations/1/logs", json=LOG | change), 400)
        assert (entry["source"]["pointer"], entry["code"]) == (f"body/{pointer}", code)
        assert (await client.get("/integrations/logs")).json() == {"data": []}


async def test_each_violated_rule_has_a_separate_error():
    async with run_simulation() as (_, client):
        response = await client.post("/integrations/1/logs", json={"response_code": -1, "more": 1})
        pointers = {entry["source"]["pointer"] for entry in response.json()["errors"]}
        assert pointers == {"body/base_url", "body/response_code", "body/more"}


# Shop order statuses and the mapping


def build_status(external_id, **names):
    translations = [{"status": name, "language": language.replace("_", "-")} for language, name in names.items()]
    return {"external_id": external_id, "translations": translations}


async def replace_statuses(client, *statuses):
    return await client.post("/shop-order-statuses", json={"integration_id": 1, "statuses": statuses})


async def list_statuses(client, **query):
    response = await client.get("/shop-order-statuses", params={"integration_id": 1, **query})
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def test_replacing_statuses_creates_changes_and_deletes_statuses():
    async with run_simulation() as (_, client):
        response = await replace_statuses(client, build_status("a", en_gb="A"), build_status("b", en_gb="B"))
        assert (response.status_code, response.json()) == (200, None)
        await replace_statuses(client, build_status("b", en_gb="B2"), build_status("c", en_gb="C"))
        assert [(row["external_id"], row["status"]) for row in await list_statuses(client)] == [("b", "B2"), ("c", "C")]
        deleted = {row["external_id"]: row["deleted_at"] for row in await list_statuses(client, show_deleted="true")}
        assert deleted["a"] == "2026-05-04T12:00:00Z"
        assert deleted["b"] is None
        await replace_statuses(client, build_status("a", en_gb="A3"))
        assert [(row["external_id"], row["deleted_at"]) for row in await list_statuses(client)] == [("a", None)]
        await replace_statuses(client)
        assert await list_statuses(client) == []


async def test_statuses_fall_back_to_british_english_and_then_to_the_first_language():
    async with run_simulation() as (_, client):
        await replace_statuses(
            client,
            build_status("1", nl_nl="N", en_gb="E", de_de="D"),
            build_status("2", nl_nl="N", fr_fr="F", de_de="D"),
        )

        async def names(**query):
            return [row["status"] for row in await list_statuses(client, **query)]

        assert await names() == ["E", "D"]
        assert await names(language="nl-nl") == ["N", "N"]
        assert await names(language="fr-fr") == ["E", "F"]
        assert await names(language="it-it") == ["E", "D"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("integration_id=1&language=pt-pt", "invalid_choice"),
        ("integration_id=1&show_deleted=yes", "invalid"),
        ("integration_id=x", "invalid"),
        ("integration_id=77", "not_found"),
        ("integration_id=2", "invalid"),
        ("", "non_field_errors"),
        ("integration_id=", "non_field_errors"),
    ],
)
async def test_invalid_query_for_statuses_is_rejected(query, code):
    async with run_simulation() as (_, client):
        assert get_single_error(await client.get(f"/shop-order-statuses?{query}"), 400)["code"] == code
        if "language" not in query and "show" not in query:
            assert get_single_error(await client.get(f"/shop-order-statuses/mapping?{query}"), 400)["code"] == code


async def test_missing_integration_id_is_rejected_with_the_published_error():
    async with run_simulation() as (_, client):
        assert get_single_error(await client.get("/shop-order-statuses"), 400) == {
            "status": "400",
            "code": "non_field_errors",
            "title": "integration ID",
            "detail": "Integration ID is a required GET parameter",
        }


@pytest.mark.parametrize(
    ("statuses", "pointer"),
    [
        ("x", "statuses"),
        ([{"translations": [{"status": "s", "language": "en-gb"}]}], "statuses/0/external_id"),
        ([build_status("1")], "statuses/0/translations"),
        ([build_status("1", xx_xx="X")], "statuses/0/translations/0/language"),
        ([build_status("1", en_gb="X"), build_status("1", en_gb="X")], "statuses"),
        ([{"external_id": "1", "translations": [{"status": "s", "language": "en-gb"}] * 2}], "statuses/0/translations"),
        (
            [{"external_id": "1", "translations": [{"status": str(n), "language": "en-gb"} for n in range(8)]}],
            "statuses/0/translations",
        ),
    ],
)
async def test_invalid_statuses_are_rejected_and_change_nothing(statuses, pointer):
    async with run_simulation() as (_, client):
        before = await list_statuses(client, show_deleted="true")
        response = await client.post("/shop-order-statuses", json={"integration_id": 1, "statuses": statuses})
        assert get_single_error(response, 400)["source"]["pointer"] == f"body/{pointer}"
        assert await list_statuses(client, show_deleted="true") == before


def build_mapping(**ids):
    return [{"status_category": category, "external_id": external_id} for category, external_id in ids.items()]


async def test_mapping_entry_is_valid_if_its_status_exists():
    async with run_simulation() as (_, client):
        await replace_statuses(client, build_status("a", en_gb="A"), build_status("b", en_gb="B"))
        rows = build_mapping(DELIVERED="b", READY_TO_SEND="a", IN_TRANSIT=None, CANCEL="never")
        response = await client.post("/shop-order-statuses/mapping", json={"integration_id": 1, "mapping": rows})
        assert (response.status_code, response.json()) == (200, None)
        await replace_statuses(client, build_status("a", en_gb="A"))
        data = (await client.get("/shop-order-statuses/mapping?integration_id=1")).json()["data"]
        assert data["integration_id"] == 1
        found = {row["status_category"]: (row["external_id"], row["is_valid"]) for row in data["mapping"]}
        assert found == {
            "READY_TO_SEND": ("a", True),
            "IN_TRANSIT": (None, True),
            "DELIVERED": ("b", False),
            "CANCEL": ("never", False),
        }


@pytest.mark.parametrize(
    "rows",
    [
        build_mapping(READY_TO_SEND="a", IN_TRANSIT="a", DELIVERED="a"),
        [*build_mapping(READY_TO_SEND="a", IN_TRANSIT="a", DELIVERED="a", CANCEL="a"), *build_mapping(CANCEL=None)],
        [*build_mapping(READY_TO_SEND="a", IN_TRANSIT="a", DELIVERED="a"), *build_mapping(DELIVERED="b")],
        build_mapping(READY_TO_SEND="a", IN_TRANSIT="a", DELIVERED="a", LOST="a"),
        [*build_mapping(READY_TO_SEND="a", IN_TRANSIT="a", DELIVERED="a"), {"status_category": "CANCEL"}],
        build_mapping(READY_TO_SEND="a", IN_TRANSIT="a", DELIVERED="a", CANCEL=5),
    ],
)
async def test_mapping_without_each_category_exactly_once_is_rejected(rows):
    async with run_simulation() as (_, client):
        before = (await client.get("/shop-order-statuses/mapping?integration_id=1")).json()
        response = await client.post("/shop-order-statuses/mapping", json={"integration_id": 1, "mapping": rows})
        assert get_single_error(response, 400)["source"]["pointer"].startswith("body/mapping")
        assert (await client.get("/shop-order-statuses/mapping?integration_id=1")).json() == before


# Credentials


def build_basic_header(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        build_basic_header("public:wrong"),
        build_basic_header("wrong:secret"),
        build_basic_header("public"),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer ory_at_unknown"},
        {"Authorization": "Digest x"},
    ],
)
async def test_wrong_or_missing_credentials_return_401(headers):
    server = SimulatedSendcloud()
    async with create_client(server, auth=None) as client:
        entry = get_single_error(await client.get("/integrations", headers=headers), 401)
        assert (entry["status"], entry["code"]) == ("401", "authentication_failed")


async def request_token(client, **form):
    form = {"grant_type": "client_credentials", "scope": "api"} | form
    return await client.post(TOKEN_URL, data=form, auth=("client", "client-secret"))


async def test_access_token_is_accepted_until_it_expires():
    clock = FakeClock()
    async with create_client(SimulatedSendcloud(clock=clock, token_lifetime=60), auth=None) as client:
        token_response = (await request_token(client)).json()
        assert token_response["access_token"].startswith("ory_at_")
        assert {name: token_response[name] for name in ("expires_in", "scope", "token_type")} == {
            "expires_in": 60,
            "scope": "api",
            "token_type": "bearer",
        }
        bearer = {"Authorization": f"Bearer {token_response['access_token']}"}
        clock.time += 59.9
        assert (await client.get("/integrations", headers=bearer)).status_code == 200
        clock.time += 0.1
        get_single_error(await client.get("/integrations", headers=bearer), 401)


async def test_expire_tokens_invalidates_issued_tokens():
    server = SimulatedSendcloud()
    async with create_client(server, auth=None) as client:
        bearer = {"Authorization": f"Bearer {(await request_token(client)).json()['access_token']}"}
        server.expire_tokens()
        get_single_error(await client.get("/integrations", headers=bearer), 401)


async def test_access_token_without_the_scope_returns_403():
    async with create_client(SimulatedSendcloud(), auth=None) as client:
        token_response = (await request_token(client, scope="")).json()
        bearer = {"Authorization": f"Bearer {token_response['access_token']}"}
        assert get_single_error(await client.get("/integrations", headers=bearer), 403)["code"] == "forbidden"


async def test_token_endpoint_accepts_the_secret_in_the_form_and_a_trailing_slash():
    async with create_client(SimulatedSendcloud(), auth=None) as client:
        form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "client-secret"}
        assert (await client.post(f"{TOKEN_URL}/", data=form)).status_code == 200


async def test_invalid_token_requests_are_rejected():
    server = SimulatedSendcloud()
    async with create_client(server, auth=None) as client:
        cases = [
            (await request_token(client, grant_type="password"), 400, "unsupported_grant_type"),
            (await request_token(client, scope="api admin"), 400, "invalid_scope"),
            (await client.post(TOKEN_URL, data={"grant_type": "client_credentials"}), 401, "invalid_client"),
            (await client.post(TOKEN_URL, json={}, auth=("client", "client-secret")), 400, "invalid_request"),
        ]
        for response, status_code, code in cases:
            assert (response.status_code, response.json()["error"]) == (status_code, code)


# Limits


async def test_call_that_exceeds_a_limit_returns_429_with_retry_after():
    clock = FakeClock()
    async with run_simulation(clock=clock, limits=SimulatedLimits(reads_per_minute=3)) as (_, client):
        for _ in range(3):
            assert (await client.get("/integrations")).status_code == 200
            clock.time += 0.5
        response = await client.get("/integrations")
        assert get_single_error(response, 429)["status"] == "429"
        assert response.headers["Retry-After"] == "59"
        clock.time += 58.4
        assert (await client.get("/integrations")).status_code == 429
        clock.time += 0.1
        assert (await client.get("/integrations")).status_code == 200
        assert (await client.get("/integrations")).status_code == 429


async def test_writes_have_separate_limits_per_second_and_per_minute():
    clock = FakeClock()
    async with run_simulation(clock=clock, limits=SimulatedLimits()) as (_, client):

        async def sent(count):
            return [(await client.patch("/integrations/1", json={})).status_code for _ in range(count)]

        assert await sent(16) == [204] * 15 + [429]
        assert (await client.get("/integrations")).status_code == 200
        for _ in range(5):
            clock.time += 1
            assert await sent(15) == [204] * 15
        clock.time += 1
        assert await sent(15) == [204] * 10 + [429] * 5
        response = await client.patch("/integrations/1", json={})
        assert response.headers["Retry-After"] == "54"


async def test_limits_are_counted_per_set_of_credentials():
    server = SimulatedSendcloud(limits=SimulatedLimits(reads_per_minute=1))
    async with create_client(server) as client, create_client(server, auth=None) as other:
        assert (await client.get("/integrations")).status_code == 200
        assert (await client.get("/integrations")).status_code == 429
        bearer = {"Authorization": f"Bearer {(await request_token(other)).json()['access_token']}"}
        assert (await other.get("/integrations", headers=bearer)).status_code == 200
        assert (await other.get("/integrations")).status_code == 401


async def test_limits_are_disabled_by_default():
    async with run_simulation() as (_, client):
        assert {(await client.patch("/integrations/1", json={})).status_code for _ in range(150)} == {204}


# Faults and recording


async def test_fail_next_affects_only_the_next_calls_of_the_operation():
    async with run_simulation() as (server, client):
        server.fail_next("list_logs", count=2, status=503, headers={"Retry-After": "7"})
        assert (await client.get("/integrations")).status_code == 200
        for _ in range(2):
            response = await client.get("/integrations/logs")
            assert get_single_error(response, 503)["status"] == "503"
            assert response.headers["Retry-After"] == "7"
        assert (await client.get("/integrations/logs")).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("<html>gone</html>", "text/html; charset=utf-8", "<html>gone</html>"),
        ("plain", "text/plain; charset=utf-8", "plain"),
        (b"\x00", "application/octet-stream", "\x00"),
        ({"a": 1}, "application/json", '{"a":1}'),
        (b"", "application/octet-stream", ""),
    ],
)
async def test_fail_next_accepts_any_body(body, content_type, text):
    async with run_simulation() as (server, client):
        server.fail_next("*", status=502, body=body)
        response = await client.get("/integrations")
        assert (response.status_code, response.headers["Content-Type"], response.text) == (502, content_type, text)


@pytest.mark.parametrize("acted", [False, True])
async def test_acted_controls_whether_a_failed_call_is_processed(acted):
    async with run_simulation() as (server, client):
        server.reset_next("delete_integration", acted=acted)
        with pytest.raises(httpx.ReadError):
            await client.delete("/integrations/2")
        server.add_fault(Fault("delete_integration", status=500, acted=acted))
        assert (await client.delete("/integrations/3")).status_code == 500
        expected = 404 if acted else 200
        assert (await client.get("/integrations/2")).status_code == expected
        assert (await client.get("/integrations/3")).status_code == expected


async def test_call_with_a_truncated_response_is_processed():
    async with run_simulation(logs=0) as (server, client):
        server.cut_next("create_integration_log")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/integrations/1/logs", json=LOG)
        assert len((await client.get("/integrations/logs")).json()["data"]) == 1


async def test_delays_apply_until_they_are_cleared(monkeypatch):
    slept = []

    async def wait(seconds, receive):
        slept.append(seconds)

    monkeypatch.setattr("sendcloud_integrations_client.testing.app.wait_unless_disconnected", wait)
    async with run_simulation() as (server, client):
        server.delay("list_integrations", 5)
        server.delay("*", 2, count=1)
        server.fail_next("list_integrations")
        assert (await client.get("/integrations")).status_code == 500
        assert (await client.get("/integrations")).status_code == 200
        server.clear_faults()
        assert (await client.get("/integrations")).status_code == 200
    assert slept == [7, 5]


def test_invalid_fault_or_option_raises_value_error():
    server = SimulatedSendcloud()
    with pytest.raises(ValueError, match=r"list_log'.*list_logs"):
        server.fail_next("list_log")
    with pytest.raises(ValueError, match="must not be negative"):
        server.fail_next("list_logs", count=-1)
    with pytest.raises(ValueError, match="must not be negative"):
        SimulatedSendcloud(logs=-1)


@pytest.mark.parametrize("status", [-1, 0, 100, 199, 600, 999])
def test_fault_with_a_status_that_cannot_be_sent_raises_value_error(status):
    server = SimulatedSendcloud()
    with pytest.raises(ValueError, match=rf"Invalid status {status}: must be between 200 and 599"):
        server.fail_next("list_logs", status=status)
    with pytest.raises(ValueError, match=f"Invalid status {status}"):
        Fault("list_logs", status=status)


@pytest.mark.parametrize("status", [200, 499, 599])
async def test_fault_with_any_final_status_is_sent(status):
    server = SimulatedSendcloud()
    async with serve(server) as base_url, httpx.AsyncClient(base_url=base_url) as client:
        server.fail_next("list_logs", status=status)
        assert (await client.get("/integrations/logs")).status_code == status


async def test_requests_are_recorded_without_secrets():
    async with run_simulation(secret_key="s3cr3t", client_secret="cl13nt") as (server, client):
        await client.get("/integrations", auth=("public", "s3cr3t"), headers={"Cookie": "s3cr3t"})
        await client.post("/integrations/1/logs?a=b%2Bc", json=LOG, auth=("public", "s3cr3t"))
        form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "cl13nt"}
        await client.post(TOKEN_URL, data=form, auth=None)
        await client.get("/nothing")
        first, second, third, fourth = server.requests
        assert [entry.operation for entry in server.requests] == [
            "list_integrations",
            "create_integration_log",
            "token",
            "",
        ]
        assert (second.method, second.path) == ("POST", "/api/v3/integrations/1/logs")
        assert (second.query, second.query_string, second.body) == ({"a": "b+c"}, "a=b%2Bc", LOG)
        assert first.body is None
        assert third.body == {"grant_type": "client_credentials", "client_id": "client"}
        assert first.headers["host"] == "sendcloud.test"
        everything = "".join(repr((entry, entry.headers, entry.body)) for entry in server.requests) + repr(vars(server))
        secret = base64.b64encode(b"public:s3cr3t").decode()
        assert not [text for text in ("s3cr3t", "cl13nt", secret) if text in everything]
        assert fourth.path == "/api/v3/nothing"


# HTTP


async def test_unknown_path_returns_404_and_wrong_method_returns_405():
    async with run_simulation() as (_, client):
        assert get_single_error(await client.get("/integration"), 404)["code"] == "not_found"
        assert (await client.get("http://sendcloud.test/v3/integrations")).status_code == 404
        response = await client.put("/integrations/1", json={})
        get_single_error(response, 405)
        assert response.headers["Allow"] == "GET, PATCH, DELETE"


async def test_app_can_be_mounted_below_a_root_path():
    server = SimulatedSendcloud()
    transport = httpx.ASGITransport(server, root_path="/sendcloud")
    async with httpx.AsyncClient(transport=transport, auth=("public", "secret")) as client:
        assert (await client.get("http://x.test/sendcloud/api/v3/integrations")).status_code == 200


async def test_lifespan_events_are_completed():
    incoming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent = []

    async def receive():
        return next(incoming)

    async def send(message):
        sent.append(message["type"])

    await SimulatedSendcloud()({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_serve_simulates_faults_on_real_connections(caplog):
    server = SimulatedSendcloud()
    async with serve(server) as base_url, httpx.AsyncClient(base_url=base_url, auth=("public", "secret")) as client:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/api/v3", base_url)
        listed_ids = [row["id"] async for page in iterate_pages(client, "/integrations/logs", 100) for row in page]
        assert listed_ids == list(range(1000, 0, -1))
        assert (await client.patch("/integrations/1", json={"shop_name": "x"})).status_code == 204

        server.reset_next("list_logs")
        with pytest.raises(httpx.ReadError):
            await client.get("/integrations/logs")
        server.reset_next("create_integration_log", acted=True)
        with pytest.raises(httpx.ReadError):
            await client.post("/integrations/1/logs", json=LOG)
        server.cut_next("list_logs")
        async with client.stream("GET", "/integrations/logs") as response:
            assert response.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                await response.aread()
        server.cut_next("delete_integration")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.delete("/integrations/5")
        assert (await client.get("/integrations/5")).status_code == 404
        assert (await client.get("/integrations/logs")).json()["data"][0]["id"] == 1001
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{base_url}/integrations")
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
    assert len(asyncio.all_tasks()) == 1


async def test_delay_ends_when_the_client_disconnects(caplog):
    server = SimulatedSendcloud(logs=0)
    server.delay("create_integration_log", 3600)
    async with serve(server) as base_url:
        impatient = httpx.Timeout(30.0, read=0.05)
        async with httpx.AsyncClient(base_url=base_url, auth=("public", "secret"), timeout=impatient) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/integrations/1/logs", json=LOG)
            # The connection closes with the timeout. The server notices that after at most a few turns of the loop.
            while not (await client.get("/integrations/logs", timeout=30)).json()["data"]:
                pass
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


async def test_delay_passes_in_process():
    async with run_simulation() as (server, client):
        server.delay("list_integrations", 0.01)
        assert (await client.get("/integrations")).status_code == 200


async def test_delayed_fault_for_a_client_that_has_gone_causes_no_error(caplog):
    server = SimulatedSendcloud()
    server.delay("list_logs", 0.2, count=3)
    for kind in ("reset", "cut", "status"):
        server.add_fault(Fault("list_logs", kind))
    async with serve(server) as base_url:
        for _ in range(3):
            impatient = httpx.Timeout(30.0, read=0.05)
            async with httpx.AsyncClient(base_url=base_url, auth=("public", "secret"), timeout=impatient) as client:
                with pytest.raises(httpx.ReadTimeout):
                    await client.get("/integrations/logs")
        await asyncio.sleep(0.4)
        async with httpx.AsyncClient(base_url=base_url, auth=("public", "secret")) as client:
            assert (await client.get("/integrations/logs")).status_code == 200
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


async def test_serve_raises_os_error_if_the_port_is_in_use():
    async with serve(SimulatedSendcloud()) as base_url:
        with pytest.raises(OSError, match="in use"):
            async with serve(SimulatedSendcloud(), port=urlsplit(base_url).port):
                pass


def start_command(*options):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "sendcloud_integrations_client.testing", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM])
def test_command_prints_its_url_and_stops_on_a_signal(number):
    with start_command("--integrations", "3", "--logs", "4", "--seed", "5", "--limits") as process:
        line = process.stdout.readline()
        match = re.fullmatch(
            r"Simulated Sendcloud on (http://127\.0\.0\.1:\d+/api/v3) \(public key: public, secret key: secret\)\n",
            line,
        )
        assert match, line + process.stderr.read()
        with httpx.Client(base_url=match[1], auth=("public", "secret")) as client:
            assert len(client.get("/integrations").json()["data"]) == 3
            assert len(client.get("/integrations/logs").json()["data"]) == 4
            codes = [client.patch("/integrations/1", json={}).status_code for _ in range(40)]
            assert 429 in codes
            process.send_signal(number)
            assert process.communicate(timeout=120) == ("", "")
        assert process.returncode == 0


def test_command_rejects_invalid_options_without_a_traceback():
    with start_command("--logs", "-1") as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "must not be negative" in errors
    assert "Traceback" not in errors


def test_testing_package_does_not_import_the_client():
    folder = Path(sys.modules["sendcloud_integrations_client.testing"].__file__).parent
    sources = [path.read_text() for path in folder.glob("*.py")]
    assert len(sources) > 10
    assert not [
        line
        for text in sources
        for line in re.findall(r"^\s*(?:from|import) (?:\.\.|sendcloud_).*", text, re.MULTILINE)
    ]


def test_import_error_names_the_missing_extra():
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "try:\n import sendcloud_integrations_client.testing\nexcept ImportError as error:\n print(error)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert "sendcloud-integrations-client[testing]" in process.stdout, process.stderr
    assert process.stdout.count("\n") == 1
