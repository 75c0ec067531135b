"""Figures of a report as JSON-serializable values, in the order of the report."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from sendcloud_integrations_client.report.accounts import AccountState
from sendcloud_integrations_client.report.figures import Figures, Group
from sendcloud_integrations_client.report.problems import Problem, ProblemState

__all__ = ["figures_to_dict"]


def figures_to_dict(figures: Figures) -> dict[str, Any]:
    """Return the figures as a dictionary. Times are ISO 8601. Trends without logs, and None, are omitted.

    Args:
        figures: The figures.
    """
    return {
        "made_at": figures.made_at.isoformat(),
        "since": _to_value(figures.selection.since),
        "until": _to_value(figures.selection.until),
        "accounts": {
            "total": len(figures.account_data),
            **{state.value: figures.count_accounts(state) for state in AccountState},
            "data": [_to_dict(one) for one in figures.account_data],
        },
        "failing": len(figures.failing_shops),
        "failing_shops": [
            _to_dict(attrs.evolve(one, problem=None, other_problems=()))
            | {"other_problems": [other.label for other in one.other_problems]}
            | ({} if one.problem is None else {"problem": one.problem.label, "title": one.problem.title})
            for one in figures.failing_shops
        ],
        "problem_states": {state.value: figures.count_problems(state) for state in ProblemState},
        "problems": [_problem_to_dict(one) for one in figures.problems],
        "change": _to_dict(figures.change),
        "matrix": {
            "problems": [one.label for one in figures.matrix.problems],
            "shops": [
                {"shop": shop.label, "account": shop.account, "integration_id": shop.integration_id, "counts": counts}
                for shop, counts in zip(figures.matrix.shops, figures.matrix.counts, strict=True)
            ],
        },
        "total": figures.total,
        "outside": figures.outside,
        "first": _to_value(figures.first),
        "last": _to_value(figures.last),
        "quarantined": figures.quarantined,
        "integrations": figures.integrations,
        "unit": figures.span.unit.value,
        "starts": [start.isoformat() for start in figures.span.starts],
        "is_last_interval_unfinished": figures.is_last_interval_unfinished,
        "by_integration": [_group_to_dict(one) for one in figures.by_integration],
        "by_exception_type": [_group_to_dict(one) for one in figures.by_exception_type],
        "by_status": [_group_to_dict(one) for one in figures.by_status],
    }


def _problem_to_dict(one: Problem) -> dict[str, Any]:
    fields = _to_dict(attrs.evolve(one, trend=one.trend if any(one.trend) else ()))
    del fields["number"], fields["cause"]
    if not fields["trend"]:
        del fields["trend"]
    cause = {"cause": one.cause.name, "actor": one.cause.actor, "next_step": one.cause.next_step}
    return {"problem": one.label, "title": one.title} | fields | cause


def _group_to_dict(one: Group) -> dict[str, Any]:
    fields = _to_dict(one)
    if not any(one.trend):
        del fields["trend"]
    return fields


def _to_dict(instance: Any) -> dict[str, Any]:
    fields = attrs.asdict(instance, value_serializer=lambda _, __, value: _to_value(value))
    return {name: value for name, value in fields.items() if value is not None}


def _to_value(value: Any) -> Any:
    if isinstance(value, AccountState | ProblemState):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value
