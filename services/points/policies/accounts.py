"""What time does to points."""

from __future__ import annotations

from shared.policies import Timers

from ..domain.account import ExpireLot
from ..domain.ledger import LOT_TIMER

TIMERS: Timers = {
    ("account", LOT_TIMER): lambda entity, ref, due_at: ExpireLot(entity, ref, due_at),
}
