"""Target list 名单: members who are given something by a campaign, once somebody else has approved them (4E).

It is uploaded in parts, each a stream of its own, so that a list of ten thousand is no giant command and no giant
state. The list itself knows how many parts there are, who uploaded them, and how far the gifts have come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import IdempotencyKeyReused, NotFound

from . import refusals


class UploadPart(Command, frozen=True):
    """Members of one part. Uploaded again before the list is approved, the last word holds."""

    campaign_id: str
    list_id: str
    part: int
    members: tuple[str, ...]
    by: str
    now: datetime


class ApproveList(Command, frozen=True):
    """Its members may have what the campaign gives. Nobody approves what he has uploaded (K8)."""

    campaign_id: str
    list_id: str
    by: str
    now: datetime


class GrantNext(Command, frozen=True):
    """Give to the next few members of the approved lists; the event that tells of it asks for the next ones."""

    campaign_id: str
    now: datetime


class NoteProgress(Command, frozen=True):
    """`answered` members more have their outcome, and with them all of this part up to `upto`."""

    campaign_id: str
    list_id: str
    part: int
    upto: int
    answered: int
    granted: int
    now: datetime


class ListStarted(DomainEvent, frozen=True):
    campaign_id: str


class PartAdded(DomainEvent, frozen=True):
    """`size` members are in this part now."""

    part: int
    size: int
    by: str


class ListApproved(DomainEvent, frozen=True):
    """What the campaign is told as `TargetListApproved`."""

    by: str


class ListProgressed(DomainEvent, frozen=True):
    campaign_id: str
    list_id: str
    part: int
    upto: int
    answered: int
    granted: int


class PartUploaded(DomainEvent, frozen=True):
    """Of the part's own stream."""

    members: tuple[str, ...]


ListCommand: TypeAlias = UploadPart | ApproveList | NoteProgress
ListEvent: TypeAlias = ListStarted | PartAdded | ListApproved | ListProgressed


class TargetList(msgspec.Struct, frozen=True):
    """`parts`: how many members each has. `at`: a part, and how many of its members have their outcome."""

    campaign_id: str = ""
    parts: Mapping[int, int] = {}
    uploaders: frozenset[str] = frozenset()
    approved: bool = False
    at: tuple[int, int] = (0, 0)

    @property
    def size(self) -> int:
        return sum(self.parts.values())

    def next(self) -> tuple[int, int] | None:
        """Where to go on; None when all have their outcome."""
        part, upto = self.at
        if upto < self.parts.get(part, 0):
            return self.at
        later = [number for number, size in self.parts.items() if number > part and size]
        return (min(later), 0) if later else None


def part_id(list_id: str, part: int) -> str:
    """No id has a slash in it, so that no two pairs have one name."""
    return f"{list_id}/{part}"


def decide(command: ListCommand, targets: TargetList) -> Sequence[ListEvent]:
    match command:
        case UploadPart(campaign_id, _, part, members, by, now):
            _check_campaign(targets, campaign_id)
            if targets.approved:
                raise refusals.ListAlreadyApproved(field="list_id")
            begun = [] if targets.campaign_id else [ListStarted(now, campaign_id)]
            return [*begun, PartAdded(now, part, len(members), by)]
        case ApproveList(campaign_id, _, by, now):
            _check_campaign(targets, campaign_id)
            if not targets.size:
                raise NotFound("No member is in this list.", field="list_id")
            if targets.approved:
                return []
            if by in targets.uploaders:
                raise refusals.FourEyesRequired(field="list_id")
            return [ListApproved(now, by)]
        case NoteProgress(campaign_id, list_id, part, upto, answered, granted, now):
            return [ListProgressed(now, campaign_id, list_id, part, upto, answered, granted)]
        case _:
            assert_never(command)


def _check_campaign(targets: TargetList, campaign_id: str) -> None:
    if targets.campaign_id not in ("", campaign_id):
        raise IdempotencyKeyReused("This list is of another campaign.", field="list_id")


def evolve(targets: TargetList, event: ListEvent) -> TargetList:
    replace = msgspec.structs.replace
    match event:
        case ListStarted(campaign_id=campaign_id):
            return replace(targets, campaign_id=campaign_id)
        case PartAdded(part=part, size=size, by=by):
            return replace(targets, parts={**targets.parts, part: size}, uploaders=targets.uploaders | {by})
        case ListApproved():
            return replace(targets, approved=True)
        case ListProgressed(part=part, upto=upto):
            return replace(targets, at=(part, upto))
        case _:
            assert_never(event)


TARGET_LIST: Decider[ListCommand, ListEvent, TargetList] = Decider(
    "list", TargetList(), decide, evolve, get_args(ListEvent)
)


def decide_part(command: UploadPart, members: tuple[str, ...]) -> Sequence[PartUploaded]:
    return [] if command.members == members else [PartUploaded(command.now, command.members)]


def evolve_part(_members: tuple[str, ...], event: PartUploaded) -> tuple[str, ...]:
    return event.members


PART: Decider[UploadPart, PartUploaded, tuple[str, ...]] = Decider(
    "part", (), decide_part, evolve_part, (PartUploaded,)
)
