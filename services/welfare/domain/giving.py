"""What asks for gifts, and who may have them."""

from __future__ import annotations

from datetime import datetime

from shared.decider import Command

from . import refusals
from .member import Member
from .terms import Phase, Terms


class EvaluateVisit(Command, frozen=True):
    """A member has come to a station: what do the check-in campaigns give (WF9)? `now` is when he came."""

    visit_id: str
    member_id: str
    station_id: str
    now: datetime


class RewardReporter(Command, frozen=True):
    """Who reported this major hazard is commended: what do the reward campaigns give (row 8)?"""

    rectification_id: str
    member_id: str
    now: datetime


class Claim(Command, frozen=True):
    """A member asks for what a phased campaign gives now (WF11)."""

    campaign_id: str
    member_id: str
    now: datetime


def check_eligible(terms: Terms, member: Member) -> None:
    """For whom it is. Raises NOT_ELIGIBLE; of a member whose trade nobody has told, too, if the trade matters."""
    if terms.trades and member.trade not in terms.trades:
        raise refusals.NotEligible(field="member_id")


def phase_at(terms: Terms, moment: datetime) -> Phase:
    """The phase that is on. Raises PHASE_NOT_OPEN."""
    for phase in terms.phases:
        if phase.starts_at <= moment < phase.ends_at:
            return phase
    raise refusals.PhaseNotOpen
