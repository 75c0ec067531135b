"""Numbers that look random and depend on nothing but the seed: the same on every machine, in any order."""

from __future__ import annotations

from typing import Final

__all__ = ["mix"]

_MASK: Final = (1 << 64) - 1


def mix(seed: int, number: int) -> int:
    """A 64-bit number for the `number`th of `seed` (SplitMix64)."""
    value = (seed * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
