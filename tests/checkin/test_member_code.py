"""The rotating member code, alone: who can make it, how long it is good, one rule for gate and server (CK7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from services.checkin.domain import member_code
from services.checkin.domain.device_time import Moment, moment_of
from services.checkin.domain.member_code import ShownCode, shown, step_of
from services.checkin.domain.refusals import CodeExpired, CodeUnknown
from shared.errors import Refused
from tests.checkin.town import SECOND, at, offline, online

SECRET, OTHER = (b"s" * 32,), (b"o" * 32,)
STEP = 30 * SECOND
SIX = at("06:00")
TEXT = member_code.make("W1", "k1", SECRET, SIX)


def test_ck7_a_code_names_member_key_and_step_and_is_short_enough_for_a_small_qr_code() -> None:
    member, key, step, mac = TEXT.split(".")
    assert (member, key, int(step), len(mac)) == ("W1", "k1", step_of(SIX), 16)
    assert len(member_code.make("m" * 36, "3f9a1c20", SECRET, SIX)) < 80


def test_ck7_a_code_changes_every_half_minute() -> None:
    assert member_code.make("W1", "k1", SECRET, SIX + STEP - timedelta(microseconds=1)) == TEXT
    assert member_code.make("W1", "k1", SECRET, SIX + STEP) != TEXT


@pytest.mark.parametrize("seconds,good", [(-31, False), (-30, True), (0, True), (59, True), (60, False), (3600, False)])
def test_ck7_a_code_is_good_one_step_before_and_after_its_own(seconds: int, good: bool) -> None:
    now = SIX + seconds * SECOND
    if good:
        assert member_code.check(TEXT, SECRET, now).step == step_of(SIX)
    else:
        with pytest.raises(CodeExpired):
            member_code.check(TEXT, SECRET, now)


def test_ck7_the_secret_is_changed_by_listing_the_new_one_before_the_old_one() -> None:
    assert member_code.check(TEXT, (*OTHER, *SECRET), SIX).key_id == "k1"
    assert member_code.make("W1", "k1", (*OTHER, *SECRET), SIX) == member_code.make("W1", "k1", OTHER, SIX) != TEXT
    with pytest.raises(CodeUnknown):
        member_code.check(TEXT, OTHER, SIX)


@pytest.mark.parametrize(
    "text",
    [
        "W1", "W1.k1.1", "W1.k1.x.AAAA", "W1.k1.-1.AAAA", "W1.k1.²3.AAAA", "W1.k1.1.ä", "...",
        TEXT[:-1], TEXT[:-1] + ("A" if TEXT[-1] != "A" else "B"), TEXT.replace("W1", "W2"), TEXT.replace("k1", "k2"),
        TEXT.replace(f".{step_of(SIX)}.", f".{step_of(SIX) + 1}."), TEXT.replace(".5", ".05"),
    ],
)  # fmt: skip
def test_e13_without_the_secret_nobody_makes_a_code(text: str) -> None:
    """Neither from nothing nor from a code of before: not another member's, not the next step's."""
    with pytest.raises(CodeUnknown):
        member_code.check(text, SECRET, SIX)


def test_a_member_id_may_hold_dots() -> None:
    text = member_code.make("cn.union:7", "k1", SECRET, SIX)
    assert member_code.check(text, SECRET, SIX).member_id == "cn.union:7"


def test_the_app_is_told_from_when_until_when_it_shows_a_code() -> None:
    code = member_code.check(TEXT, SECRET, SIX + 10 * SECOND)
    assert (code.shown_from, code.shown_until) == (SIX, SIX + STEP)


# What the server makes of it


@pytest.mark.parametrize(
    "text,seconds,expected",
    [
        (TEXT, 0, ShownCode(f"k1.{step_of(SIX)}", "k1")),
        (TEXT, 90, ShownCode(f"k1.{step_of(SIX)}", "k1", "expired")),
        ("nonsense", 0, ShownCode(fault="unknown")),
        (member_code.make("W2", "k1", SECRET, SIX), 0, ShownCode(fault="unknown")),
    ],
)
def test_a_code_of_another_time_is_told_from_one_that_is_not_the_members(
    text: str, seconds: int, expected: ShownCode
) -> None:
    assert shown(text, "W1", SECRET, online(SIX + seconds * SECOND)) == expected


@pytest.mark.parametrize("seconds,fault", [(59 + 120, None), (60 + 120, "expired"), (-150, None), (-151, "expired")])
def test_e12_an_offline_gates_clock_may_be_as_wrong_as_k4_tolerates(seconds: int, fault: str | None) -> None:
    moment = offline(SIX + seconds * SECOND, at("09:00"))
    assert shown(TEXT, "W1", SECRET, moment).fault == fault


@pytest.mark.parametrize("drift", [timedelta(0), timedelta(seconds=-100), timedelta(hours=26), timedelta(days=-400)])
def test_e4_e5_e12_an_offline_gate_lets_in_by_its_own_corrected_clock_whom_the_server_then_does_not_flag(
    drift: timedelta,
) -> None:
    """The gate has lost its network; it knows how wrong its clock is from its last contact, and needs nothing else."""
    known = drift if abs(drift) > timedelta(seconds=120) else timedelta(0)
    gate_clock, sends_at = SIX + drift, at("09:10") + drift
    assert opens(lambda: member_code.check(TEXT, SECRET, gate_clock - known, slack=4))
    uploaded = moment_of(gate_clock, sends_at, at("09:10"))
    assert uploaded == Moment(SIX if known else gate_clock, at("09:10"), True, bool(known))
    assert shown(TEXT, "W1", SECRET, uploaded).fault is None


def test_e5_gate_and_server_refuse_the_same_codes() -> None:
    for text in (TEXT, member_code.make("W1", "k1", OTHER, SIX), "nonsense"):
        for seconds in range(-90, 100, 15):
            now = SIX + seconds * SECOND
            gate = opens(partial(member_code.check, text, SECRET, now))
            assert gate is (shown(text, "W1", SECRET, online(now)).fault is None)


def opens(check: Callable[[], object]) -> bool:
    try:
        check()
    except Refused:
        return False
    return True
