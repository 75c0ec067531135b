"""Connects asyncpg with the parameters of libpq URLs, as managed PostgreSQL services publish them.

SQLAlchemy passes the query of a URL to `asyncpg.connect` as keyword arguments, which rejects `sslmode` and others. A
data source name (DSN) is parsed by asyncpg itself, which reads most of them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy.engine import URL, make_url

from sendcloud_integrations_client.errors import ConfigurationError

if TYPE_CHECKING:
    from sendcloud_integrations_client.sync.postgresql_connections import ServerHealth

__all__ = ["build_connector", "parse_url", "validate_parameters"]

_DEFAULT_PORT: Final = "5432"
_SEVERAL_HOSTS: Final = re.compile(
    r"(postgres(?:ql)?(?:\+\w+)?://(?:[^/?#]*@)?)([\w.-]+(?::\d+)?(?:,[\w.-]+(?::\d+)?)+)(/[^?]*)?(?:\?(.*))?",
    re.DOTALL,
)
_DEFAULT_CONNECT_TIMEOUT: Final = 60.0  # seconds
_SSL_MODES: Final = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_SQLALCHEMY_PARAMETERS: Final = ("prepared_statement_cache_size",)
# libpq's channel binding and GSS encryption do not exist in asyncpg. Values that do not require them have no effect.
_OPTIONAL_FEATURES: Final = frozenset({"channel_binding", "gssencmode"})


def parse_url(text: str) -> URL:
    """Parse a database URL. Several hosts become the parameters `host` and `port`, with values separated by commas.

    libpq reads them as `h1:5432,h2:5433` and SQLAlchemy as `host=h1:5432&host=h2:5433`, and neither reads the form of
    the other one. Both, and asyncpg, read the parameters.

    Args:
        text: The URL.

    Raises:
        ArgumentError: If the URL cannot be parsed.
        ValueError: If a port is not a number.
    """
    found = _SEVERAL_HOSTS.fullmatch(text)
    if found is None:
        url = make_url(text)
        value = url.query.get("host", ())
        listed = value.split(",") if isinstance(value, str) and "port" not in url.query else value
        if isinstance(listed, str) or len(listed) < 2:
            return url
        return url.update_query_dict(_split_hosts(listed))
    beginning, hosts, path, query = found.groups()
    url = make_url(f"{beginning}{path or '/'}" + (f"?{query}" if query else ""))
    return url.update_query_dict(_split_hosts(hosts.split(",")))


def _split_hosts(hosts: Iterable[str]) -> dict[str, str]:
    names: list[str] = []
    ports: list[str] = []
    for host in hosts:
        is_socket = host.startswith("/")
        name, _, port = (host, "", "") if is_socket else host.partition(":")
        names.append(name)
        ports.append(port or _DEFAULT_PORT)
    return {"host": ",".join(names), "port": ",".join(ports)}


def validate_parameters(url: URL) -> None:
    """Check the parameters of a PostgreSQL URL that are not passed to asyncpg unchanged.

    Args:
        url: The URL.

    Raises:
        ConfigurationError: If a value is invalid, or requires what asyncpg does not support.
    """
    query = _read_query(url)
    if (mode := query.get("sslmode")) is not None and mode not in _SSL_MODES:
        raise ConfigurationError(f"Invalid database URL: sslmode must be one of {', '.join(sorted(_SSL_MODES))}.")
    for name in sorted(_OPTIONAL_FEATURES & query.keys()):
        if query[name] == "require":
            raise ConfigurationError(f"Invalid database URL: {name}=require is not supported. Use prefer.")
    _parse_timeout(query)


def build_connector(get_url: Callable[[], URL]) -> Callable[..., Awaitable[Any]]:
    """Return the function that SQLAlchemy calls for each new connection.

    Args:
        get_url: Returns the URL, whose parameters `validate_parameters` accepted. A function, because a URL among the
            local variables of a traceback would show its password.
    """
    health: ServerHealth | None = None

    async def connect(**parameters: object) -> Any:
        nonlocal health
        import asyncpg  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

        from sendcloud_integrations_client.sync.postgresql_connections import BoundedConnection, ServerHealth

        parameters.clear()  # so that no local variable contains the password
        health = health or ServerHealth()
        connection = await cast(Any, asyncpg).connect(
            _build_dsn(get_url()).render_as_string(hide_password=False),
            timeout=_parse_timeout(_read_query(get_url())),
            connection_class=BoundedConnection,
        )
        connection.health = health
        return connection

    return connect


def _build_dsn(url: URL) -> URL:
    query = dict(url.query)
    for name in ("connect_timeout", *_OPTIONAL_FEATURES, *_SQLALCHEMY_PARAMETERS):
        query.pop(name, None)
    if "ssl" in query:  # the name that SQLAlchemy's documentation uses
        query.setdefault("sslmode", query.pop("ssl"))
    return url.set(drivername="postgresql", query=query)


def _read_query(url: URL) -> Mapping[str, str]:
    return {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}


def _parse_timeout(query: Mapping[str, str]) -> float:
    """Return the seconds that a connection may take; 0 and less mean no limit in libpq."""
    text = query.get("connect_timeout")
    if text is None:
        return _DEFAULT_CONNECT_TIMEOUT
    try:
        seconds = int(text)
    except ValueError:
        raise ConfigurationError("Invalid database URL: connect_timeout must be an integer of seconds.") from None
    return float(seconds) if seconds > 0 else _DEFAULT_CONNECT_TIMEOUT
