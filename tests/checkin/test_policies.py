"""What gates ask for and what timers do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

import pytest

from services.checkin.domain import member_code
from services.checkin.domain.aftermath import UseService
from services.checkin.domain.device_time import Moment
from services.checkin.domain.member_code import ShownCode
from services.checkin.domain.refusals import ScanInFuture
from services.checkin.domain.scan import ScanEntry, ScanExit
from services.checkin.domain.visits import EndStay
from services.checkin.handlers import HANDLERS
from services.checkin.policies import INTAKE, TIMERS
from shared.contracts.checkin import MemberScanned, ServiceUsed
from shared.errors import ValidationFailed
from shared.policies import Receipt
from tests.checkin.town import at, offline, online

RECEIPT = Receipt(command_id="c1", received_at=at("09:10"), source="gate/g1", id="1", subject="W1")


def scanned(
    direction: Literal["entry", "exit"], scanned_at: datetime | None = None, sent_at: datetime | None = None
) -> MemberScanned:
    return MemberScanned(
        member_id="W1", station_id="S1", gate_id="g1", direction=direction, scanned_at=scanned_at, sent_at=sent_at
    )


def test_k4_a_gate_online_asks_for_an_entry_or_an_exit_now() -> None:
    now = online(at("09:10"))
    assert INTAKE.command(scanned("entry"), RECEIPT) == ScanEntry("W1", "S1", "g1", "c1", now)
    assert INTAKE.command(scanned("exit"), RECEIPT) == ScanExit("W1", "S1", "g1", "c1", now)


def test_k4_an_upload_asks_for_the_time_of_the_scan() -> None:
    command = INTAKE.command(scanned("exit", at("07:08"), at("09:10")), RECEIPT)
    assert command == ScanExit("W1", "S1", "g1", "c1", offline(at("07:08"), at("09:10")))


def test_k4_times_that_contradict_one_another_are_refused_at_the_door() -> None:
    with pytest.raises(ValidationFailed):
        INTAKE.command(scanned("entry", at("07:08")), RECEIPT)
    with pytest.raises(ScanInFuture):
        INTAKE.command(scanned("entry", at("09:11"), at("09:10")), RECEIPT)


def test_ck7_a_code_is_checked_where_a_scan_becomes_a_command() -> None:
    """The rule is given what the code is, or what is wrong with it; no secret and no signature."""
    secrets = (b"s" * 32,)
    receipt = replace(RECEIPT, code_secrets=secrets)
    text = member_code.make("W1", "k1", secrets, RECEIPT.received_at)
    good = ShownCode(text.split(".", 1)[1].rpartition(".")[0], "k1")
    directions: tuple[Literal["entry", "exit"], ...] = ("entry", "exit")
    for direction in directions:
        event = scanned(direction)
        assert INTAKE.command(event.model_copy(update={"code": text}), receipt).code == good  # type: ignore[attr-defined]
        bad = event.model_copy(update={"code": text[:-1]})
        assert INTAKE.command(bad, receipt).code == ShownCode(fault="unknown")  # type: ignore[attr-defined]
        assert INTAKE.command(event, receipt).code is None  # type: ignore[attr-defined]
    assert "ssss" not in repr(receipt)


def test_k4_a_service_is_used_at_the_devices_corrected_time() -> None:
    used = ServiceUsed(member_id="W1", station_id="S1", service="meal", qty=2, used_at=at("07:08"), sent_at=at("09:20"))
    moment = Moment(at("06:58"), at("09:10"), offline=True, clock_corrected=True)
    assert INTAKE.command(used, RECEIPT) == UseService("W1", "S1", "meal", 2, "c1", moment)


def test_ck3_the_timer_stay_ends_the_stay() -> None:
    assert TIMERS["visits", "stay"]("W1", "v1", at("10:00")) == EndStay("W1", "v1", at("10:00"))


def test_what_policies_ask_for_has_a_handler() -> None:
    assert {ScanEntry, ScanExit, EndStay} <= HANDLERS.commands.keys()
