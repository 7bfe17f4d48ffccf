"""What grievance tells other services."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.model import Code, Contract, Count, Flag, Id, Instant


class HazardVerified(Contract):
    """An inspector has found the hazard there. Published; key: the rectification."""

    rectification_id: Id
    hazard_id: Id = Field(description="The report that opened the rectification.")
    station_id: Id
    severity: Literal["general", "major"]


class HazardDismissed(Contract):
    """An inspector has found no hazard. Published; key: the rectification."""

    rectification_id: Id
    hazard_id: Id


class HazardDuplicateLinked(Contract):
    """The hazard is reported already and is being dealt with (GR12). Published; key: the rectification."""

    rectification_id: Id
    hazard_id: Id = Field(description="The later report.")


class HazardVerificationRevoked(Contract):
    """The verification was taken back: points for it are reversed. Published; key: the rectification."""

    rectification_id: Id
    hazard_id: Id


class RectificationNoticeIssued(Contract):
    """Somebody must put a hazard right by a time. Published; key: the rectification."""

    rectification_id: Id
    station_id: Id
    severity: Literal["general", "major"]
    facility: Code | None = Field(default=None, description="What may not be used until then, of a major hazard.")
    due_at: Instant


class RectificationClosed(Contract):
    """A hazard is put right and accepted: what was out of service is back. Published; key: the rectification."""

    rectification_id: Id
    station_id: Id
    closed_at: Instant


class RectificationOverdue(Contract):
    """A rectification was not put right in time (GR11). Published; key: the rectification."""

    rectification_id: Id
    station_id: Id
    due_at: Instant


class ReporterCommended(Contract):
    """Who reported a major hazard is commended, as it is put right. Published; key: the rectification."""

    rectification_id: Id
    hazard_id: Id = Field(description="The report that opened the rectification.")
    member_id: Id = Field(description="Who reported it; whoever did so anonymously is not commended.")


class CaseClosed(Contract):
    """A case has its answer. Published; key: the case."""

    case_id: Id
    kind: Literal["urgent", "request", "complaint", "city_hazard"]
    category: Code
    station_id: Id | None = None
    demand_id: Id | None = Field(default=None, description="The demand that a station chief recorded, if it came so.")
    redemption_id: Id | None = Field(default=None, description="The redemption that it is about, if it is about one.")
    outcome: Code = Field(description="merchant_fault: the merchant is not paid for the redemption for now.")
    round: Count
    closed_at: Instant
    in_time: Flag


class SatisfactionGiven(Contract):
    """A requester has rated the answer, 1 to 5 stars (GR7). Published; key: the case."""

    case_id: Id
    station_id: Id | None = None
    round: Count
    stars: Count


class ActionOverdue(Contract):
    """What an inquiry meeting promised was not done by its deadline. Published; key: the proposal."""

    proposal_id: Id
    station_id: Id | None = None
    due_at: Instant
