"""The sheets of a refund ledger: what their columns are called, in files and in the parts that are sent of them.

Whoever sends parts finds the columns by these names and sends no other ones: a ledger has no use for a firm's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Each column as parts have it, in their order, and what it may be called in a file.
LINES: Mapping[str, tuple[str, ...]] = {
    "firm_id": ("firm_id", "企业编号", "单位编号", "统一社会信用代码"),
    "union": ("union", "是否建会", "已建工会"),
    "account": ("account", "工会账户", "工会账号"),
    "payer_account": ("payer_account", "原缴费账户", "缴费账号"),
    "yearly": ("yearly", "年缴费额", "年度缴费金额"),
    "amount": ("amount", "返还金额", "应返金额"),
}
RETURNS: Mapping[str, tuple[str, ...]] = {
    "payment_ref": ("payment_ref", "付款编号"),
    "result": ("result", "结果", "付款结果"),
    "reason": ("reason", "原因", "退回原因"),
}
OPTIONAL = {"account", "payer_account", "reason"}  # a file may lack these columns
MOST_ROWS = 1_000  # of one part


class ColumnsMissing(ValueError):
    """A file's first row does not name these columns."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def places(header: Sequence[str], columns: Mapping[str, tuple[str, ...]]) -> list[int | None]:
    """Where each column is in rows under this header. Raises `ColumnsMissing`."""
    at = {name.strip().lower(): place for place, name in reversed([*enumerate(header)])}
    found = [next((at[name] for name in names if name in at), None) for names in columns.values()]
    missing = [name for name, place in zip(columns, found, strict=True) if place is None and name not in OPTIONAL]
    if missing:
        raise ColumnsMissing(missing)
    return found
