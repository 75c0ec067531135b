"""List methods that several operations share: all arguments, and which operation has which."""

from __future__ import annotations

from typing import Self

import attrs

from generator.fields import Field
from generator.naming import NamingError
from generator.plans import OperationPlan
from generator.source import Source

__all__ = ["SharedList"]


@attrs.frozen
class SharedList:
    """The arguments of a list method that several operations share, such as `logs.list`.

    Attributes:
        variants: The operations. The path arguments of the second one select it, and so on.
        positional: Arguments that all operations require.
        selecting: Path arguments of all operations but the first one.
        keyword: The other arguments: all are optional, because an operation may not have them.
    """

    variants: tuple[OperationPlan, ...]
    positional: tuple[Field, ...]
    selecting: tuple[Field, ...]
    keyword: tuple[Field, ...]

    @classmethod
    def build(cls, method: Source, variants: list[OperationPlan]) -> Self:
        """Collect the arguments of the operations.

        Raises:
            NamingError: If they cannot share a method: one is not a list, or an argument has different types.
        """
        first, *others = variants
        fields: dict[Source, Field] = {}
        for plan in variants:
            if not plan.is_list:
                raise NamingError(f"{plan.name} is not a list, so it cannot share the method {method}. Set x-method.")
            for field in _get_parameters(plan):
                known = fields.setdefault(field.python, field)
                if known.shape.argument != field.shape.argument:
                    raise NamingError(
                        f"The operations of the method {method} have different types of {field.python}. Set x-method."
                    )
        required = [{field.python for field in _get_parameters(plan) if field.required} for plan in variants]
        in_all = set.intersection(*required)
        loosened = [field for field in first.required_fields if field.python not in in_all]
        names = {field.python for field in _get_parameters(first)}
        added = [field for field in fields.values() if field.python not in names]
        return cls(
            variants=tuple(variants),
            positional=(*first.path_fields, *(field for field in first.required_fields if field.python in in_all)),
            selecting=tuple(field for plan in others for field in plan.path_fields),
            keyword=(*first.optional_fields, *loosened, *added),
        )

    def get_missing(self, plan: OperationPlan) -> tuple[Field, ...]:
        """Return the arguments that an operation does not have."""
        names = {field.python for field in _get_parameters(plan)}
        return tuple(field for field in self.keyword if field.python not in names)

    def get_conditions(self, field: Field) -> list[tuple[Field, ...]]:
        """Return the path arguments of each operation that has an argument; empty if all operations have it."""
        having = [plan for plan in self.variants if field.python in {one.python for one in _get_parameters(plan)}]
        return [] if len(having) == len(self.variants) else [plan.path_fields for plan in having]

    def get_loosened(self, plan: OperationPlan) -> tuple[Source, ...]:
        """Return the arguments that an operation requires, but not all."""
        names = {field.python for field in self.positional}
        return tuple(field.python for field in plan.required_fields if field.python not in names)


def _get_parameters(plan: OperationPlan) -> tuple[Field, ...]:
    return (*plan.required_fields, *plan.optional_fields)
