"""Mutants of source files: enumerated and applied with the operators of cosmic-ray."""

from __future__ import annotations

import ast
import random
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from mutants.equivalents import EQUIVALENTS, is_equivalent
from mutants.mutant import Mutant

__all__ = ["Site", "draw_mutants", "find_sites"]

Position = tuple[int, int]


@attrs.frozen
class Site:
    """One place in a source file that operators of one family can change.

    Attributes:
        file: The file within the package.
        position: Line and column of the start.
        family: The family of operators, such as `core/ReplaceComparisonOperator`.
        variants: Name of the operator and number of its occurrence in the file, for each possible change.
    """

    file: str
    position: Position
    family: str
    variants: tuple[tuple[str, int], ...]


# Whether equal numbers or texts are identical depends on what the interpreter caches.
_IDENTITY: Final = re.compile(r"core/ReplaceComparisonOperator_(?:Eq|NotEq|Lt|LtE|Gt|GtE)_(?:Is|IsNot)")

# Classes, UNSET, exceptions, event loops, tables and tasks are equal only if they are identical, so these operators
# change nothing, except for the operands below: True equals 1, and UTC equals every other time zone without an offset.
_EQUALITY: Final = frozenset({"core/ReplaceComparisonOperator_Is_Eq", "core/ReplaceComparisonOperator_IsNot_NotEq"})
_EQUAL_TO_OTHERS: Final = frozenset({"True", "False", "UTC"})

_SEPARATOR: Final = re.compile(r"(?:[(,]\s*|^\s*)(\*)(?=,)")

# Operators with arguments need the names of variables; they are not used.
_OPERATORS: Final[Mapping[str, Any]] = {
    name: get_operator(name)()
    for name in sorted(operator_names())
    if not get_operator(name).arguments() and not _IDENTITY.fullmatch(name)
}


def find_sites(file: str, source: str) -> list[Site]:
    """Return the places in a file that can be mutated, in the order of the file.

    Declarations are left unchanged, because they have no effect at run time: annotations and imports for them, protocol
    classes, overloads, methods that only raise NotImplementedError, and the `*` before keyword-only parameters, which
    cosmic-ray takes for an operator. Code for Windows is left unchanged, because no test on Linux executes it.
    Comparisons of identity are not replaced by those of equality if both have the same result.

    Args:
        file: The file within the package.
        source: Its source.
    """
    declarations = [*_find_annotations(source), *_find_type_declarations(source)]
    separators = {
        (number, column) for number, line in enumerate(source.splitlines(), 1) for column in _find_separators(line)
    }
    nodes = list(ast_nodes(get_ast(source)))
    variants: dict[tuple[Position, Position, str], list[tuple[str, int]]] = defaultdict(list)
    for name, operator in _OPERATORS.items():
        occurrence = 0
        for node in nodes:
            for start, end in operator.mutation_positions(node):
                is_declaration = any(first <= start and end <= last for first, last in declarations)
                has_effect = name not in _EQUALITY or _get_right_operand(node, start) in _EQUAL_TO_OTHERS
                if has_effect and not is_declaration and start not in separators:
                    variants[start, end, name.partition("_")[0]].append((name, occurrence))
                occurrence += 1
    return [Site(file, start, family, tuple(found)) for (start, _, family), found in sorted(variants.items())]


def draw_mutants(sites: Sequence[Site], sources: Mapping[str, str], size: int, seed: int) -> Iterator[Mutant]:
    """Draw a random sample, stratified by file: the share of each file is its share of the sites.

    Mutants that do not compile, that compile with a warning, or that are listed as equivalent are not drawn.

    Args:
        sites: The places that can be mutated.
        sources: File within the package to source.
        size: Number of mutants.
        seed: Seed of the sample.

    Yields:
        The mutants, at most one per site.
    """
    generator = random.Random(seed)
    by_file: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        by_file[site.file].append(site)
    for file, share in _get_shares({file: len(found) for file, found in by_file.items()}, size).items():
        drawn = 0
        for site in generator.sample(by_file[file], len(by_file[file])):
            if drawn == share:
                break
            variants = generator.sample(site.variants, len(site.variants))
            mutants = (_build_mutant(file, sources[file], name, occurrence) for name, occurrence in variants)
            mutant = next((mutant for mutant in mutants if mutant is not None), None)
            if mutant is not None:
                drawn += 1
                yield mutant


def _build_mutant(file: str, source: str, operator: str, occurrence: int) -> Mutant | None:
    try:
        mutated: str | None = mutate_code(source, _OPERATORS[operator], occurrence)
    except AttributeError:  # cosmic-ray's exception replacer cannot replace a dotted name
        return None
    if mutated is None or not _compiles(mutated):
        return None
    mutant = Mutant(file, operator, source, mutated)
    return None if any(is_equivalent(mutant, equivalent) for equivalent in EQUIVALENTS) else mutant


def _compiles(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(source, "mutant", "exec")
        except (SyntaxError, SyntaxWarning):
            return False
    return True


def _get_shares(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """Divide `size` in proportion to the counts, with the method of largest remainders."""
    total = sum(counts.values())
    size = min(size, total)
    shares = {name: size * count // total for name, count in counts.items()}
    by_remainder = sorted(counts, key=lambda name: (-(size * counts[name] % total), name))
    for name in by_remainder[: size - sum(shares.values())]:
        shares[name] += 1
    return shares


def _find_annotations(source: str) -> list[tuple[Position, Position]]:
    lines = source.splitlines()
    found: list[tuple[Position, Position]] = []
    for node in ast.walk(ast.parse(source)):
        annotations: list[ast.expr | None] = []
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            annotations.append(node.returns)
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            annotations.append(node.annotation)
        for annotation in annotations:
            if annotation is not None and annotation.end_lineno is not None and annotation.end_col_offset is not None:
                start = annotation.lineno, _to_column(lines[annotation.lineno - 1], annotation.col_offset)
                end = annotation.end_lineno, _to_column(lines[annotation.end_lineno - 1], annotation.end_col_offset)
                found.append((start, end))
    return found


def _find_type_declarations(source: str) -> list[tuple[Position, Position]]:
    """Return the ranges of protocol classes, overloads, abstract methods, imports of types, and code for Windows."""
    found: list[tuple[Position, Position]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "sys.platform == 'win32'":
            found.append(((node.lineno + 1, 0), ((node.body[-1].end_lineno or node.lineno) + 1, 0)))
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found.append(((node.lineno, 0), ((node.end_lineno or node.lineno) + 1, 0)))
            continue
        if isinstance(node, ast.ClassDef):
            is_declaration = any("Protocol" in ast.unparse(base) for base in node.bases)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            is_overload = any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list)
            is_declaration = is_overload or _is_abstract(node)
        else:
            continue
        if is_declaration and node.end_lineno is not None:
            first = min((node.lineno, *(decorator.lineno for decorator in node.decorator_list)))
            # cosmic-ray counts the white space before a decorator as a part of it.
            found.append(((first - 2, 0), (node.end_lineno + 1, 0)))
    return found


def _is_abstract(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    *docstring, last = function.body
    return all(isinstance(node, ast.Expr) for node in docstring) and ast.unparse(last) == "raise NotImplementedError"


def _get_right_operand(comparison: Any, start: Position) -> str:
    """Return the text to the right of the operator at a position."""
    nodes = comparison.children
    index = next(index for index, node in enumerate(nodes) if node.start_pos == start)
    return str(nodes[index + 1].get_code()).strip()


def _find_separators(line: str) -> Iterator[int]:
    return (match.start(1) for match in _SEPARATOR.finditer(line))


def _to_column(line: str, offset: int) -> int:
    # `ast` counts bytes, cosmic-ray counts characters.
    return len(line.encode()[:offset].decode())
