"""The report as Markdown for a chat message or an email. It is short: figures first, then what to do."""

from __future__ import annotations

import re
from typing import Final

from sendcloud_integrations_client.errors import to_single_line
from sendcloud_integrations_client.report.accounts import AccountState
from sendcloud_integrations_client.report.figures import FailingShop, Figures
from sendcloud_integrations_client.report.problems import Example, Problem, ProblemState
from sendcloud_integrations_client.report.wording import (
    describe_account,
    describe_change,
    describe_data,
    describe_failing_shops,
    describe_first_step,
    describe_other_problems,
    describe_problems,
    describe_selection,
    format_age,
    format_count,
)

__all__ = ["render_markdown"]

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+!|~@&-])")


def render_markdown(figures: Figures, *, top: int = 10) -> str:
    """Return the report as Markdown. Text of shops is escaped.

    Args:
        figures: The figures.
        top: Maximum number of items per list. Defaults to 10.
    """
    has_many_accounts = len(figures.account_data) > 1
    late = [one for one in figures.account_data if one.state is not AccountState.CURRENT]
    accounts = [
        f"{one.state.value} **{_escape(one.name)}**: {_escape(describe_account(one, figures.made_at))}" for one in late
    ]
    problems = [one for one in figures.problems if one.state is not ProblemState.RESOLVED]
    resolved = [one for one in figures.problems if one.state is ProblemState.RESOLVED]
    parts = [
        f"**{_escape(describe_data(figures))}**",
        _build_list(accounts, top),
        _escape(describe_first_step(figures)),
        f"**{_escape(describe_failing_shops(figures))}**",
        _build_list([_describe_shop(one, figures, has_many_accounts) for one in figures.failing_shops], top),
        f"**{_escape(describe_problems(figures))}**",
        _build_list([_describe_problem(one, has_many_accounts) for one in problems], top),
        _build_list([f"{one.label} resolved: {_escape(one.title)}" for one in resolved], top),
        _escape(describe_change(figures)),
        _escape(f"Period: {describe_selection(figures)}."),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _describe_shop(one: FailingShop, figures: Figures, has_many_accounts: bool) -> str:
    link = _link(one.label, one.url)
    account = f" ({_escape(one.account)})" if has_many_accounts else ""
    age = format_age(figures.made_at - one.since)
    text = f"{link}{account} failing for {age}, {format_count(one.last_24h, 'log')} in 24 h"
    if one.problem is None:
        return f"{text}: no log in this period"
    others = _escape(describe_other_problems(one))
    return f"{text}: {one.problem.label} {_escape(one.problem.title)}{f'. {others}' if others else ''}"


def _describe_problem(one: Problem, has_many_accounts: bool) -> str:
    shops = format_count(one.shops, "shop")
    shop = _link(one.top_shop, one.top_shop_url)
    account = f" ({_escape(one.top_shop_account)})" if has_many_accounts else ""
    where = f"{shop}{account}" if one.shops <= 1 else f"{shops}, most in {shop}{account}"
    parts = [f"{one.label} {one.state.value}: {_escape(one.title)}, {format_count(one.total, 'log')} in {where}."]
    if one.example is not None:
        parts.append(_describe_example(one.example, one.example.account if has_many_accounts else None))
    parts.append(f"**Who acts: {one.cause.actor}.** {_escape(one.cause.next_step)}")
    return " ".join(parts)


def _describe_example(one: Example, account: str | None) -> str:
    """Return the endpoint and the id of a log: `Example: log 4711, /orders.`."""
    name = f"log {one.log_id}" if account is None else f"log {one.log_id} of {_escape(account)}"
    return f"Example: {name}." if one.endpoint is None else f"Example: {name}, {_escape(one.endpoint)}."


def _link(name: str, url: str | None) -> str:
    # A URL with brackets or spaces would end the link early.
    text = _escape(name)
    return f"[{text}]({url})" if url and not re.search(r"[\s()<>\\]", url) else text


def _build_list(items: list[str], top: int) -> str:
    lines = [f"- {item}" for item in items[:top]]
    if len(items) > top:
        lines.append(f"- and {len(items) - top:,} more")
    return "\n".join(lines)


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", to_single_line(text, max_length=500))
