"""What welfare is told about refunds without application 免申即享, and what it tells about them."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from shared.contracts.model import Contract, Count, Flag, Id

Quarter: TypeAlias = Annotated[str, Field(pattern=r"^20[0-9]{2}Q[1-4]$", examples=["2026Q1"])]
LedgerFen: TypeAlias = Annotated[int, Field(strict=True, ge=-(10**12), le=10**12)]
FirmId: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,47}$", examples=["F-0001"], description="The firm.")
]


class LedgerLineReported(Contract):
    """What a firm is to be paid back for a quarter. Intake; key: the firm.

    The account that is paid (its union's own one, or the one that it paid from) is posted as content first.
    """

    firm_id: FirmId
    org_id: Id = Field(description="The union that pays.", examples=["default"])
    quarter: Quarter
    union: Flag = Field(description="Whether the firm has a union.")
    own_account: Flag = Field(description="Whether that union has a bank account of its own.")
    yearly_fen: LedgerFen = Field(description="What the firm has paid in the year, in fen.", examples=[480_000])
    fen: LedgerFen = Field(description="What it is paid back, in fen.", examples=[120_000])
    account_ref: Id | None = Field(default=None, description="Content: the number of the account that is paid.")


class LedgerReconciled(Contract):
    """All refunds of a quarter have been answered for by the bank. Published; key: the ledger."""

    ledger_id: Id
    org_id: Id
    quarter: Id = Field(examples=["2026Q1"])
    eligible: Count = Field(description="Lines that passed the path rule with a positive amount, held ones included.")
    paid: Count = Field(description="Lines that were paid.")
    eligible_fen: Annotated[int, Field(ge=0)]
    paid_fen: Annotated[int, Field(ge=0)]
    rate_e4: Count = Field(description="paid / eligible, in hundredths of a percent, rounded down.", examples=[9_750])
