"""Reproducible pseudo-random numbers: the same on every machine, and computed in any order."""

from __future__ import annotations

from typing import Final

__all__ = ["hash_number"]

_MASK: Final = (1 << 64) - 1


def hash_number(seed: int, number: int) -> int:
    """Return a 64-bit hash of `seed` and `number` (SplitMix64)."""
    value = (seed * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
