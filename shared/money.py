"""Money 金额: whole fen 分 everywhere inside (K1), and written as yuan 元 only where a person or a bank reads it."""

from __future__ import annotations

FEN = 100  # of a yuan


def yuan(fen: int) -> str:
    """The amount with its two places and nothing else, as in `-1234.50`: what every bank's file and table reads."""
    whole, rest = divmod(abs(fen), FEN)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02}"
