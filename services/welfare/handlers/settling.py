"""Settlements: made at the cut-off, verified, approved, paid or denied; and their disputed lines (WF8)."""

from __future__ import annotations

from shared.decider import Changes, Draft, Handlers, Read

from ..domain.balance import BALANCE, CarryForward, TakeBalance
from ..domain.dispute import DISPUTE, DecideDispute, DisputeLine
from ..domain.redemption import REDEMPTION
from ..domain.settlement import (
    SETTLEMENT,
    ApproveSettlement,
    CreateSettlement,
    DenySettlement,
    PaySettlement,
    PaySettlements,
    VerifySettlement,
    settlement_id_of,
)
from ..domain.takings import TAKINGS, AwaitCutOff, CloseTakings, SettleTakings, takings_id
from .lines import dispute, end_dispute, open_takings, put_back
from .reversing import take_back

HANDLERS = Handlers(SETTLEMENT, BALANCE, TAKINGS, DISPUTE, REDEMPTION)
HANDLERS.each(SETTLEMENT, "settlement_id", VerifySettlement, ApproveSettlement, PaySettlement)

DENIED = "line_denied"  # the reason of a reversal


@HANDLERS.on(SettleTakings)
def settle(command: SettleTakings, read: Read) -> Changes:
    """Exactly the takings of this day, however late it is done. Where nothing was taken and nothing is to be paid,
    nothing is settled; what the merchant owes waits.
    """
    draft = Draft(read)
    merchant_id, day, now = command.merchant_id, command.day, command.now
    entity, settlement_id = takings_id(merchant_id, day), settlement_id_of(merchant_id, day)
    takings, opening = draft.state(TAKINGS, entity), draft.state(BALANCE, merchant_id)
    draft.state(SETTLEMENT, settlement_id)
    if not draft.decide(TAKINGS, entity, CloseTakings(now)):
        return []
    if not takings.lines and not takings.adjustments and opening <= 0:
        return draft.changes
    draft.decide(BALANCE, merchant_id, TakeBalance(settlement_id, now))
    lines = tuple(takings.lines.values())
    creation = CreateSettlement(merchant_id, day, lines, takings.adjustments, opening, now)
    draft.decide(SETTLEMENT, settlement_id, creation)
    net = draft.state(SETTLEMENT, settlement_id).known.net_fen
    if net < 0:
        draft.decide(BALANCE, merchant_id, CarryForward(settlement_id, net, now))
    return draft.changes


@HANDLERS.on(DenySettlement)
def deny(command: DenySettlement, read: Read) -> Changes:
    """What it comes to is the opening of the next one, which comes also if nothing is taken until then."""
    draft = Draft(read)
    if not draft.decide(SETTLEMENT, command.settlement_id, command):
        return []
    created = draft.state(SETTLEMENT, command.settlement_id).known
    merchant_id = created.merchant_id
    draft.decide(BALANCE, merchant_id, CarryForward(command.settlement_id, created.net_fen, command.now))
    day, at = open_takings(draft, merchant_id, command.now)
    draft.decide(TAKINGS, takings_id(merchant_id, day), AwaitCutOff(merchant_id, day, at))
    return draft.changes


@HANDLERS.on(PaySettlements)
def pay(command: PaySettlements, read: Read) -> Changes:
    draft = Draft(read)
    for payment in command.payments:
        draft.state(SETTLEMENT, payment.settlement_id)
    for payment in command.payments:
        draft.decide(SETTLEMENT, payment.settlement_id, payment)
    return draft.changes


@HANDLERS.on(DisputeLine)
def dispute_line(command: DisputeLine, read: Read) -> Changes:
    draft = Draft(read)
    dispute(draft, command)
    return draft.changes


@HANDLERS.on(DecideDispute)
def decide_dispute(command: DecideDispute, read: Read) -> Changes:
    """Upheld: it is paid. Denied: the redemption is reversed, though seven days may have passed."""
    draft, now, redemption_id = Draft(read), command.now, command.redemption_id
    state, verified = draft.state(DISPUTE, redemption_id), draft.state(REDEMPTION, redemption_id).verified
    opened = state.opened
    where = settlement_id_of(opened.merchant_id, opened.day) if opened else ""
    if not state.to_decide(command, where) or opened is None or verified is None:
        return []
    if command.line == "denied":
        take_back(draft, verified, DENIED, "denied", command.by, now)
        return draft.changes
    moved_to = None if opened.settled else put_back(draft, verified, now)
    end_dispute(draft, redemption_id, "upheld", moved_to, command.by, now)
    return draft.changes
