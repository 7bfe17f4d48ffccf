"""Where a redemption's line is: in open takings, left out as it is disputed, or in its one settlement."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from shared.decider import Draft
from shared.errors import NotFound

from ..domain import refusals
from ..domain.dispute import DISPUTE, DisputeLine, EndDispute, NoteDispute, OpenDispute
from ..domain.redemption import REDEMPTION
from ..domain.redemption_events import RedemptionVerified
from ..domain.settlement import SETTLEMENT, FreeSettlement, HoldSettlement, Outcome, settlement_id_of
from ..domain.takings import (
    TAKINGS,
    AddAdjustment,
    AddLine,
    Adjustment,
    DropLine,
    Line,
    cut_off,
    day_of,
    takings_id,
)


def open_takings(draft: Draft, merchant_id: str, now: datetime) -> tuple[date, datetime]:
    """The day by whose cut-off this is settled, and when it counts: takings that are closed already get nothing (WF8),
    though this clock may say that it is before their cut-off.
    """
    day = day_of(now)
    while draft.state(TAKINGS, takings_id(merchant_id, day)).closed:
        now, day = max(now, cut_off(day)), day + timedelta(days=1)
    return day, now


def taken_on(draft: Draft, verified: RedemptionVerified) -> date:
    """In which day's takings the line is or was."""
    return draft.state(DISPUTE, verified.purchase.redemption_id).moved_to or verified.takings_day


def take_out(draft: Draft, verified: RedemptionVerified, outcome: Outcome, by: str, now: datetime) -> date | None:
    """The union does not owe it any more (WF7). Answers whose takings are lessened, as it was settled before."""
    redemption_id, merchant_id = verified.purchase.redemption_id, verified.purchase.merchant_id
    left_out = draft.state(DISPUTE, redemption_id).left_out
    end_dispute(draft, redemption_id, outcome, None, by, now)
    entity = takings_id(merchant_id, taken_on(draft, verified))
    if left_out:
        return None
    if not draft.state(TAKINGS, entity).closed:
        draft.decide(TAKINGS, entity, DropLine(redemption_id, now))
        return None
    day, at = open_takings(draft, merchant_id, now)
    adjustment = Adjustment(redemption_id, -verified.split.union_fen, outcome)
    draft.decide(TAKINGS, takings_id(merchant_id, day), AddAdjustment(merchant_id, day, adjustment, at))
    return day


def put_back(draft: Draft, verified: RedemptionVerified, now: datetime) -> date:
    """A line that was left out is paid by the next settlement."""
    purchase = verified.purchase
    day, at = open_takings(draft, purchase.merchant_id, now)
    which = (purchase.redemption_id, verified.receipt_no, purchase.campaign_id, purchase.budget_id)
    line = Line(*which, verified.split.union_fen, verified.at)
    entity = takings_id(purchase.merchant_id, day)
    draft.decide(TAKINGS, entity, AddLine(purchase.merchant_id, day, line, at))
    return day


def dispute(draft: Draft, command: DisputeLine) -> None:
    """Raises `NotFound` or ALREADY_REVERSED. A case may be quicker than an offline terminal: then it is noted."""
    redemption_id, now = command.redemption_id, command.now
    redemption = draft.state(REDEMPTION, redemption_id)
    verified = redemption.verified
    if verified is None:
        if not command.case_id or redemption.refused:
            raise NotFound("No redemption was verified under this id.", field="redemption_id")
        draft.decide(DISPUTE, redemption_id, NoteDispute(command.case_id, command.reason, now))
        return
    merchant_id, day = verified.purchase.merchant_id, taken_on(draft, verified)
    settlement_id = settlement_id_of(merchant_id, day)
    if command.settlement_id not in ("", settlement_id):
        raise NotFound("The line of this redemption is in another settlement.", field="redemption_id")
    if redemption.reversed:
        raise refusals.AlreadyReversed(field="redemption_id")
    settled = draft.state(TAKINGS, takings_id(merchant_id, day)).closed
    about = (command.reason, command.by, command.case_id)
    opening = OpenDispute(redemption_id, merchant_id, day, settled, *about, now)
    if not draft.decide(DISPUTE, redemption_id, opening):
        return
    if settled:
        draft.decide(SETTLEMENT, settlement_id, HoldSettlement(redemption_id, now))
    else:
        draft.decide(TAKINGS, takings_id(merchant_id, day), DropLine(redemption_id, now))


def dispute_as_noted(draft: Draft, redemption_id: str, now: datetime) -> None:
    """It was disputed before it was verified (row 18)."""
    state = draft.state(DISPUTE, redemption_id)
    if state.stage == "noted" and state.noted is not None:
        dispute(draft, DisputeLine(redemption_id, state.noted.reason, "", now, case_id=state.noted.case_id))


def end_dispute(
    draft: Draft, redemption_id: str, outcome: Outcome, moved_to: date | None, by: str, now: datetime
) -> None:
    """If it is disputed. Its settlement, if there is one, may be approved again."""
    opened = draft.state(DISPUTE, redemption_id).opened
    if draft.decide(DISPUTE, redemption_id, EndDispute(outcome, moved_to, by, now)) and opened and opened.settled:
        settlement_id = settlement_id_of(opened.merchant_id, opened.day)
        draft.decide(SETTLEMENT, settlement_id, FreeSettlement(redemption_id, outcome, now))
