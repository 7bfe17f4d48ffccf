"""What welfare refuses: the class names are the codes, the texts say what is wrong and what to do next."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class NotEligible(Refused):
    """The campaign is not for this member. Its page says whom it is for."""


class LimitReached(Refused):
    """The member has had all that the campaign gives in this period. Come again in the next one."""


class BudgetExhausted(Refused):
    """Too little is left in the budget for this. Ask its owner for more, or choose another offer."""


class BudgetFrozen(Refused):
    """The budget is frozen or closed: nothing is promised from it now. Ask its owner."""


class PhaseNotOpen(Refused):
    """No phase of the campaign is open now. Come again in one of the times that it names."""


class CampaignNotOpen(Refused):
    """The campaign is a draft, paused, or over: it gives nothing now. Ask who runs it."""


class OutsideServiceWindow(Refused):
    """This is served at other hours. Come again in the window that the campaign names."""


class VoucherNotFound(NotFound):
    """No voucher of this id is known. Check the id, or scan the member code again."""


class VoucherNotYours(Refused):
    """The voucher is another member's. Show one of your own."""


class VoucherExpired(Refused):
    """The voucher was valid until a time that has passed. It cannot be used any more."""


class VoucherRevoked(Refused):
    """The voucher was taken back. Ask the union that gave it."""


class VoucherAlreadyRedeemed(Refused):
    """The voucher has been used. It is good for one purchase."""


class VoucherReservedElsewhere(Refused):
    """The voucher is held for a booking or by another till. Release it there, or wait until the hold ends."""


class ReservationExpired(Refused):
    """The hold on the voucher has ended. Reserve it again."""


class MerchantNotAccepted(Refused):
    """The voucher is not taken by this merchant. The wallet names the places that take it."""


class MerchantSuspended(Refused):
    """The merchant serves nobody for now. Choose another one."""


class TerminalUnknown(Refused):
    """No terminal of this id is registered at the merchant. Have it registered first."""


class OfflineAllowanceExceeded(Refused):
    """The terminal's offline allowance and the budget are used up: the merchant bears this redemption."""


class AmountMismatch(Refused):
    """The amount is not what the campaign's price says. Correct it and send it again under a new id."""


class MemberSuspended(Refused):
    """The membership is suspended: vouchers stay, and none can be used. Have the suspension lifted first."""


class ReversalWindowClosed(Refused):
    """A redemption can be reversed within seven days of it. Settle it with the union by hand."""


class AlreadyReversed(Refused):
    """This redemption was reversed before. Nothing is left to take back."""


class SettlementClosed(Refused):
    """The settlement is not at this step. Its page says where it is; corrections go into the merchant's next one."""


class SettlementDisputed(Refused):
    """A line of the settlement is disputed. Decide about the line first, then go on."""


class ListAlreadyApproved(Refused):
    """The list is approved and stays as it is. Upload further members as another list."""


class FourEyesRequired(Refused):
    """The step before was yours: another person must take this one."""


class PathCLimit(Refused):
    """A firm without a union has this path up to the yearly limit. Have its union formed first."""


class AmountNotPositive(Refused):
    """The amount to refund is zero or less. Correct the ledger's line."""


class DuplicateLedgerLine(Refused):
    """The same firm and amount are in this ledger already. The line was dropped."""


class LedgerLineConflict(Refused):
    """The firm is in this ledger with another amount. An officer must pick the one that holds."""


class AccountInvalid(Refused):
    """The bank account cannot be right. Correct it, and the line goes on."""


class RefundAlreadyPaid(Refused):
    """The refund of this line has been paid: one payment of a line succeeds. Settle what is wrong with the firm."""


class RefundOutstanding(Refused):
    """The bank has not said yet what became of a transfer. Take in its file of returns first."""


class LedgerClosed(Refused):
    """The ledger is past this step. Reopen it before it is sent, or wait for the next quarter's."""


class LedgerNotReady(Refused):
    """A step before this one is missing: lines are imported, collated, checked, sent, and then reconciled."""


class ImportIncomplete(Refused):
    """Lines of a file are missing. Import it once more: it goes on where it was broken off."""


class AlreadyVoted(Refused):
    """The member has voted in this ballot with other choices. Say that it is a change, or leave the vote as it is."""


class BallotClosed(Refused):
    """The ballot is closed: nothing is counted any more. Its result can be seen."""


class RatingAlreadyGiven(Refused):
    """The member has rated this session. One rating is taken of each attendance, and it stays."""


class RatingWindowClosed(Refused):
    """A session can be rated within seven days of attending it. Tell the union by another way."""
