"""Who is at the gate: by his code once he has one, else by his card's number (CK7, E13)."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from services.checkin.domain import refusals
from services.checkin.domain.device_time import Moment
from services.checkin.domain.member import MEMBER, MemberCodeIssued, MemberCodeRevoked, MemberLeft
from services.checkin.domain.member_code import ShownCode
from services.checkin.domain.scan import ScanEntry, ScanExit
from services.checkin.domain.visits import VISITS, DuplicateScanIgnored, ScanRefused
from shared.decider import Change
from shared.errors import Refused
from shared.testing.given import Given, Scenario, on
from tests.checkin.town import MINUTE, SECOND, TOWN, at, end_of, entry, leaving, offline, visit_of

SIX = at("06:00")
issued = on(MEMBER, "W1", MemberCodeIssued(at("05:00"), "W1", "k1"))
revoked = on(MEMBER, "W1", MemberCodeRevoked(at("05:30"), "W1", "k1"))
gone = on(MEMBER, "W1", MemberCodeRevoked(at("05:30"), "W1", "k1"), MemberLeft(at("05:30"), "W1"))
CODED = (*TOWN, issued)


def code(step: int = 1, key: str = "k1") -> ShownCode:
    return ShownCode(f"{key}.{step}", key)


UNKNOWN, EXPIRED = ShownCode(fault="unknown"), ShownCode("k1.1", "k1", "expired")


def coming(station: str, moment: Moment | datetime, shown: ShownCode | None, scan: str = "v1") -> ScanEntry:
    return msgspec.structs.replace(entry("W1", station, moment, scan), code=shown)


def going(station: str, moment: Moment | datetime, shown: ShownCode | None, scan: str = "x1") -> ScanExit:
    return msgspec.structs.replace(leaving("W1", station, moment, scan), code=shown)


def refused(
    scenario: Scenario, refusal: type[Refused], station: str = "S1", scan: str = "v1", gate: str = "g1"
) -> None:
    scenario.then_refused(refusal, on(VISITS, "W1", ScanRefused(SIX, scan, station, refusal.code, gate)))


def test_ck7_a_good_code_opens_and_is_remembered_without_its_signature(given: Given) -> None:
    assert visit_of(given(*CODED).when(coming("S1", SIX, code()))).code == "k1.1"


def test_who_never_had_a_code_is_known_by_the_cards_number(given: Given) -> None:
    assert visit_of(given(*TOWN).when(coming("S1", SIX, None))).code is None


def test_once_a_code_is_issued_the_cards_number_alone_opens_no_gate_that_is_online(given: Given) -> None:
    refused(given(*CODED).when(coming("S1", SIX, None)), refusals.CodeUnknown)


def test_a_chief_vouches_for_whom_he_lets_in(given: Given) -> None:
    override = msgspec.structs.replace(coming("S1", SIX, None), override_by="C1", override_reason="no_phone")
    assert visit_of(given(*CODED).when(override)).flags == ()


FAULTS: list[tuple[tuple[Change, ...], ShownCode | None, type[Refused], str]] = [
    ((issued,), UNKNOWN, refusals.CodeUnknown, "code_unverified"),
    ((), UNKNOWN, refusals.CodeUnknown, "code_unverified"),
    ((issued,), None, refusals.CodeUnknown, "code_unverified"),
    ((issued,), EXPIRED, refusals.CodeExpired, "code_expired"),
    ((issued, revoked), code(), refusals.CodeRevoked, "code_revoked"),
    ((issued, revoked), EXPIRED, refusals.CodeRevoked, "code_revoked"),
    ((issued, revoked), None, refusals.CodeRevoked, "code_revoked"),
    ((issued, gone), None, refusals.CodeRevoked, "code_revoked"),
    ((on(MEMBER, "W1", MemberLeft(at("05:30"), "W1")),), None, refusals.CodeRevoked, "code_revoked"),
]


@pytest.mark.parametrize("past,shown,refusal,flag", FAULTS)
def test_ck7_e1_what_refuses_an_online_scan_only_flags_what_an_offline_gate_let_in(
    given: Given, past: tuple[Change, ...], shown: ShownCode | None, refusal: type[Refused], flag: str
) -> None:
    refused(given(*TOWN, *past).when(coming("S1", SIX, shown)), refusal)
    assert visit_of(given(*TOWN, *past).when(coming("S1", offline(SIX, at("09:00")), shown))).flags == (flag,)


@pytest.mark.parametrize("past,shown,refusal,flag", FAULTS)
def test_ck7_the_exit_asks_for_the_same(
    given: Given, past: tuple[Change, ...], shown: ShownCode | None, refusal: type[Refused], flag: str
) -> None:
    inside = given(*TOWN).when(entry("W1", "S1", at("04:50") + 40 * MINUTE)).events["visits-W1"]
    here = (*TOWN, *past, on(VISITS, "W1", *inside))
    refused(given(*here).when(going("S1", SIX, shown)), refusal, scan="x1", gate="g2")
    assert end_of(given(*here).when(going("S1", offline(SIX, at("09:00")), shown))).flags == (flag,)


def test_k10_the_code_is_asked_for_before_everything_else(given: Given) -> None:
    refused(given(*CODED).when(coming("S9", SIX, UNKNOWN)), refusals.CodeUnknown, station="S9")


def test_an_offline_scan_is_judged_by_what_was_issued_and_revoked_at_its_time(given: Given) -> None:
    before_issue = coming("S2", offline(at("04:59"), at("09:00")), None)
    assert visit_of(given(*CODED).when(before_issue)).flags == ()
    before_revoking = coming("S2", offline(at("05:29"), at("09:00")), code())
    assert visit_of(given(*CODED, revoked).when(before_revoking)).flags == ()
    assert visit_of(given(*CODED, gone).when(before_revoking)).flags == ()


def test_a_new_phones_code_is_good_and_the_old_ones_is_withdrawn(given: Given) -> None:
    changed = (*CODED, revoked, on(MEMBER, "W1", MemberCodeIssued(at("05:30"), "W1", "k2")))
    assert visit_of(given(*changed).when(coming("S1", SIX, code(key="k2")))).code == "k2.1"
    refused(given(*changed).when(coming("S1", SIX, code(key="k1"))), refusals.CodeRevoked)


# One step is accepted once per direction (E13)


def test_ck1_a_second_tap_with_the_same_code_where_it_has_just_let_him_in_is_a_duplicate(given: Given) -> None:
    soon = SIX + 2 * SECOND
    scenario = given(*CODED).when(coming("S1", SIX, code())).when(coming("S1", soon, code(), "v2"))
    scenario.then(on(VISITS, "W1", DuplicateScanIgnored(soon, "v2", "v1", "S1", "g1", "k1.1")))


@pytest.mark.parametrize("gate,seconds,second_tap", [("g1", 4, True), ("g1", 5, False), ("g3", 1, False)])
def test_e13_a_picture_of_the_code_lets_no_friend_into_the_same_station(
    given: Given, gate: str, seconds: int, second_tap: bool
) -> None:
    """He stands at the next gate, or comes half a minute behind; the visit that the code began is still open."""
    began = SIX - seconds * SECOND
    copied = msgspec.structs.replace(coming("S1", SIX, code(), "v2"), gate_id=gate)
    scenario = given(*CODED).when(coming("S1", began, code())).when(copied)
    if second_tap:
        scenario.then(on(VISITS, "W1", DuplicateScanIgnored(SIX, "v2", "v1", "S1", gate, "k1.1")))
    else:
        refused(scenario, refusals.CodeReplayed, scan="v2", gate=gate)


def test_e13_a_second_tap_does_not_make_the_next_one_a_second_tap(given: Given) -> None:
    scenario = given(*CODED).when(coming("S1", at("05:59:52"), code())).when(coming("S1", at("05:59:56"), code(), "v2"))
    refused(scenario.when(coming("S1", SIX, code(), "v3")), refusals.CodeReplayed, scan="v3")


def test_ck1_who_is_inside_and_shows_his_next_code_is_let_in(given: Given) -> None:
    later = SIX + 40 * SECOND
    scenario = given(*CODED).when(coming("S1", SIX, code())).when(coming("S1", later, code(2), "v2"))
    scenario.then(on(VISITS, "W1", DuplicateScanIgnored(later, "v2", "v1", "S1", "g1", "k1.2")))


def test_e13_the_same_code_opens_no_other_station(given: Given) -> None:
    """A picture of the screen, sent to a friend at S2."""
    scenario = given(*CODED).when(coming("S1", at("05:59:50"), code())).when(coming("S2", SIX, code(), "v2"))
    refused(scenario, refusals.CodeReplayed, station="S2", scan="v2")


def test_e13_nor_the_same_gate_again_once_the_visit_has_ended(given: Given) -> None:
    scenario = given(*CODED).when(coming("S1", at("05:59:40"), code()))
    scenario.when(going("S1", at("05:59:50"), code())).when(coming("S1", SIX, code(), "v2"))
    refused(scenario, refusals.CodeReplayed, scan="v2")


def test_e13_a_code_that_only_found_the_visit_open_is_used_too(given: Given) -> None:
    scenario = (
        given(*CODED).when(coming("S1", at("05:59:10"), code(1))).when(coming("S1", at("05:59:50"), code(2), "v2"))
    )
    refused(scenario.when(coming("S2", SIX, code(2), "v3")), refusals.CodeReplayed, station="S2", scan="v3")


def test_ck7_in_and_out_within_one_step_are_two_directions(given: Given) -> None:
    scenario = given(*CODED).when(coming("S1", SIX, code())).when(going("S1", SIX + 10 * SECOND, code()))
    assert end_of(scenario).code == "k1.1"


def test_ck7_an_exit_code_is_used_once_too(given: Given) -> None:
    scenario = given(*CODED).when(coming("S1", at("05:50"), code(1))).when(going("S1", at("05:59:50"), code(2)))
    scenario.when(coming("S1", at("05:59:55"), code(2), "v2"))
    assert visit_of(scenario).code == "k1.2"
    refused(scenario.when(going("S1", SIX, code(2), "x2")), refusals.CodeReplayed, scan="x2", gate="g2")


def test_a_code_that_was_refused_for_something_else_has_opened_nothing(given: Given) -> None:
    scenario = given(*CODED).when(entry("W2", "S2", at("05:50"), "v0"))
    scenario.when(coming("S2", SIX, code(), "v1"))
    refused(scenario, refusals.StationFull, station="S2")
    assert visit_of(scenario.when(coming("S1", SIX + SECOND, code(), "v2"))).code == "k1.1"


def test_e1_an_offline_replay_is_flagged_and_both_visits_stand(given: Given) -> None:
    scenario = given(*CODED).when(coming("S1", offline(at("05:50"), at("09:00")), code()))
    scenario.when(coming("S2", offline(SIX, at("09:00")), code(), "v2"))
    assert visit_of(scenario).flags == ("code_replayed",)


def test_a_code_stays_used_however_many_old_ones_are_uploaded_after_it(given: Given) -> None:
    scenario = given(*CODED).when(coming("S1", at("05:59:50"), code(1_000)))
    for number in range(40):
        earlier = offline(at("01:00", 22) + number * MINUTE, at("05:59:55"))
        scenario.when(coming("S1", earlier, code(number), f"old{number}"))
    refused(scenario.when(coming("S2", SIX, code(1_000), "v2")), refusals.CodeReplayed, station="S2", scan="v2")
