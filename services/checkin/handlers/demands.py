"""Demands 诉求: decided over the duty of the chief who heard them."""

from __future__ import annotations

from shared.decider import Change, Changes, Handlers, Read

from ..domain.demand import DEMAND, CloseDemand, RecordDemand, check_chief
from ..domain.duty import DUTY

HANDLERS = Handlers(DEMAND, DUTY)
HANDLERS.each(DEMAND, "demand_id", CloseDemand)


@HANDLERS.on(RecordDemand)
def record_demand(command: RecordDemand, read: Read) -> Changes:
    duty, demand = read(DUTY, command.duty_id), read(DEMAND, command.demand_id)
    if demand.recorded is None:
        check_chief(command, duty)
    return [Change(DEMAND, command.demand_id, DEMAND.decide(command, demand))]
