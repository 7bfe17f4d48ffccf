"""A course's votes as they are counted, and when it came up to each count: what ties are decided by (WF12).

Votes may be taken back until the ballot closes, so the count goes up and down. A course has reached a count when it
last came up to it; falling back to it from above makes it no later. So for every count up to the present one the number
of the vote that led to it is kept, four bytes each: with 100,000 voters that is 400 KB for the most popular course.
They are kept in blocks, so that one more vote copies little.
"""

from __future__ import annotations

import msgspec

WIDTH = 4  # bytes
BLOCK = 1024 * WIDTH


class Tally(msgspec.Struct, frozen=True):
    """Blocks that are full, and the one that is not."""

    full: tuple[bytes, ...] = ()
    last: bytes = b""

    @property
    def votes(self) -> int:
        return (len(self.full) * BLOCK + len(self.last)) // WIDTH

    @property
    def reached(self) -> int:
        """The number of the vote with which it came up to what it has; 0 for none."""
        return int.from_bytes((self.last or b"".join(self.full[-1:]))[-WIDTH:])

    def up(self, number: int) -> Tally:
        """One vote more: the one of this number in the ballot."""
        last = self.last + number.to_bytes(WIDTH)
        return Tally((*self.full, last)) if len(last) == BLOCK else Tally(self.full, last)

    def down(self) -> Tally:
        """One vote less, whichever it was."""
        if not self.last and self.full:
            return Tally(self.full[:-1], self.full[-1][:-WIDTH])
        return Tally(self.full, self.last[:-WIDTH])
