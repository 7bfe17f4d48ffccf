"""What gates ask for and what timers do."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import pytest

from services.checkin.domain.refusals import ScanInFuture
from services.checkin.domain.scan import ScanEntry, ScanExit
from services.checkin.domain.visits import EndStay
from services.checkin.handlers import HANDLERS
from services.checkin.policies import INTAKE, TIMERS
from shared.contracts.checkin import MemberScanned
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


def test_ck3_the_timer_stay_ends_the_stay() -> None:
    assert TIMERS["visits", "stay"]("W1", "v1", at("10:00")) == EndStay("W1", "v1", at("10:00"))


def test_what_policies_ask_for_has_a_handler() -> None:
    assert {ScanEntry, ScanExit, EndStay} <= HANDLERS.commands.keys()
