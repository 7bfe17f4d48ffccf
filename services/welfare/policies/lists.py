"""What makes approved lists go on, step by step."""

from __future__ import annotations

from shared.decider import Command
from shared.policies import Policies

from ..domain.campaign import GrantingBegun
from ..domain.target_list import GrantNext, ListProgressed

POLICIES = Policies()


@POLICIES.on(GrantingBegun)
def when_granting_begun(event: GrantingBegun) -> list[Command]:
    return [GrantNext(event.campaign_id, event.at)]


@POLICIES.on(ListProgressed)
def when_list_progressed(event: ListProgressed) -> list[Command]:
    """Until the last step finds nobody."""
    return [GrantNext(event.campaign_id, event.at)]
