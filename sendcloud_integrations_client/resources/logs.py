"""Exception logs of many integrations, fetched concurrently with bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from contextlib import aclosing
from operator import length_hint
from typing import Final

from sendcloud_integrations_client.base_client import BaseClient
from sendcloud_integrations_client.errors import InvalidInputError, SendcloudError
from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.generated.resources.logs import LogsResource
from sendcloud_integrations_client.pagination import Page
from sendcloud_integrations_client.pipeline.rate_limiter import Priority
from sendcloud_integrations_client.runtime.decoding import OnDecodeError
from sendcloud_integrations_client.runtime.validation import Rule, validate_value

__all__ = ["Logs"]

_CONCURRENCY: Final = Rule(types=("integer",), minimum=1)


class Logs(LogsResource):
    """Exception logs of one integration, of all integrations, or of a selection of integrations."""

    async def list_for_integrations(
        self,
        integration_ids: Iterable[int],
        *,
        concurrency: int = 8,
        page_size: int = 100,
        on_decode_error: OnDecodeError = "raise",
        on_error: Callable[[int, SendcloudError], None] | None = None,
        priority: Priority = "background",
    ) -> AsyncGenerator[tuple[int, IntegrationLog], None]:
        """Iterate over the logs of many integrations, several integrations concurrently.

        The logs of one integration arrive in the server's order; the integrations are interleaved. About four pages
        per integration in progress are in memory, however slow the consumer is. If one integration fails, the others
        continue.

        `GET /integrations/{id}/logs`

        Args:
            integration_ids: Ids of the integrations. The next id is taken when an integration is complete.
            concurrency: Maximum number of integrations in progress; at least 1. Defaults to 8.
            page_size: Records per page, 1 to 100. Defaults to 100.
            on_decode_error: What to do with a record that cannot be decoded. Defaults to `"raise"`.
            on_error: Called with the id and the error of each integration that fails; replaces the `ExceptionGroup`.
            priority: Priority of the calls in the rate limit queue. Defaults to `"background"`, so that other calls
                with the same credentials do not wait behind them.

        Yields:
            The id of the integration and one of its logs.

        Raises:
            InvalidInputError: If `integration_ids` is not an iterable of integers, or if another argument is invalid,
                such as a `concurrency` of less than 1.
            ConfigurationError: If `priority` is invalid.
            ExceptionGroup: After all logs were yielded, if integrations failed and no `on_error` was passed. It
                contains one error per failed integration; a note on each error names the integration.

        Example:
            async for integration_id, log in client.logs.list_for_integrations([1, 2, 3], concurrency=8):
                print(integration_id, log.exception)
        """
        if not isinstance(integration_ids, Iterable) or isinstance(integration_ids, (str, bytes)):  # pyright: ignore[reportUnnecessaryIsInstance]
            kind = type(integration_ids).__name__
            raise InvalidInputError(
                "logs.list_for_integrations", "integration_ids", f"must be an iterable of integers, not {kind}"
            )
        if isinstance(integration_ids, Collection):
            for integration_id in integration_ids:
                _validate_id(integration_id)
        logs: LogsResource = self
        if isinstance(self._sender, BaseClient):
            logs = LogsResource(self._sender.with_options(priority=priority))
        validate_value("logs.list_for_integrations", "concurrency", concurrency, _CONCURRENCY)
        worker_count = max(1, min(concurrency, length_hint(integration_ids, concurrency)))
        remaining_ids = iter(integration_ids)
        results: asyncio.Queue[tuple[int, Page[IntegrationLog]] | Exception | None] = asyncio.Queue(concurrency)
        failures: list[SendcloudError] = []
        started_count = 0

        async def fetch_logs(integration_id: int) -> None:
            paginator = logs.list(integration_id=integration_id, page_size=page_size, on_decode_error=on_decode_error)
            try:
                async with aclosing(paginator.pages()) as pages:
                    async for page in pages:
                        await results.put((integration_id, page))
            except SendcloudError as error:
                if isinstance(error, InvalidInputError) and error.field != "integration_id":
                    raise  # an argument that all integrations share
                if on_error is not None:
                    on_error(integration_id, error)
                    return
                error.add_note(f"while fetching the logs of integration {integration_id}")
                failures.append(error)

        async def run_worker() -> None:
            nonlocal started_count
            try:
                for integration_id in remaining_ids:
                    _validate_id(integration_id)
                    started_count += 1
                    await fetch_logs(integration_id)
            except Exception as error:  # raised by the caller's iterable or callback: re-raised to the consumer
                await results.put(error)
            else:
                await results.put(None)

        workers = [asyncio.ensure_future(run_worker()) for _ in range(worker_count)]
        try:
            running_count = len(workers)
            while running_count:
                result = await results.get()
                if result is None:
                    running_count -= 1
                elif isinstance(result, Exception):
                    raise result
                else:
                    for log in result[1].data:
                        yield result[0], log
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        if failures:
            raise ExceptionGroup(f"{len(failures)} of {started_count} integrations failed", failures)


def _validate_id(integration_id: object) -> None:
    # None would select the logs of all integrations.
    if not isinstance(integration_id, int) or isinstance(integration_id, bool):
        kind = type(integration_id).__name__
        raise InvalidInputError(
            "logs.list_for_integrations", "integration_ids", f"must contain only integers, not {kind}"
        )
