"""What points takes from other systems, and what it tells them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.model import Code, Contract, Count, Flag, Id, Instant


class ChecklistItem(Contract):
    """One line of a patrol's checklist."""

    item: Code
    ok: Flag | None = Field(default=None, description="Left out: not answered, so a leader looks at it.")


class PatrolReported(Contract):
    """A volunteer reports a patrol 巡查. Intake; key: the volunteer."""

    report_id: Id
    duty_id: Id = Field(description="The duty this patrol fulfils; the volunteer must be on it.")
    station_id: Id
    volunteer_id: Id
    performed_from: Instant
    performed_to: Instant
    checklist: Annotated[list[ChecklistItem], Field(max_length=50)]
    offline: Flag = False


class PatrolReportAccepted(Contract):
    """A patrol report counts and is paid. Published; key: the report."""

    report_id: Id
    duty_id: Id
    station_id: Id
    volunteer_id: Id
    kind_paid: Literal["daily", "weekly", "key_period", "special"]
    points: Count
    rules_version: Count
    performed_from: Instant
    accepted_by: Id = Field(description="The reviewer, or 'automatic'.")
    failed_items: list[Code]
    accepted_at: Instant | None = Field(default=None, description="When it was accepted, for deadlines that go by it.")


class PatrolReportVoided(Contract):
    """A patrol report that was accepted counts no longer. Published; key: the report."""

    report_id: Id
    duty_id: Id
    station_id: Id
    volunteer_id: Id
    points: Count = Field(description="What it had paid, and is taken back.")
    reason: Code
    voided_at: Instant


class PointsEarned(Contract):
    """Points were credited as one lot. Published; key: the member."""

    member_id: Id
    lot_id: Id
    points: Count
    reason: Code
    source_ref: Id
    earned_at: Instant
    expires_at: Instant | None = Field(default=None, description="None when the lot never expires.")


class HazardSpotted(Contract):
    """Somebody reports a hazard 隐患 at a station. Intake; key: the station, where others may report the same."""

    hazard_id: Id
    station_id: Id
    reporter_id: Id | None = Field(default=None, description="Left out: anonymous, and worth no points for ever.")
    asset_id: Id | None = Field(default=None, description="What is faulty, where it has a number of its own.")
    category: Code
    suspected_severity: Literal["general", "major"]
    content_ref: Id | None = Field(default=None, description="Words and photographs, posted before.")
    spotted_at: Instant | None = Field(
        default=None, description="The device's time. Given together with sent_at by an offline upload."
    )
    sent_at: Instant | None = Field(
        default=None, description="The device's time when it uploads; tells how wrong the device's clock is (K4)."
    )


class HazardReported(Contract):
    """A hazard was reported and has to be looked at. Published; key: the hazard."""

    hazard_id: Id
    station_id: Id
    asset_id: Id | None = None
    category: Code
    suspected_severity: Literal["general", "major"]
    reporter_id: Id | None = Field(default=None, description="None when it was reported anonymously.")
    content_ref: Id | None = None
    reported_at: Instant = Field(description="When it was seen.")
