"""The patrols, hazards, points and goods of the one-day scenario."""

from __future__ import annotations

from services.points.domain.account import ACCOUNT, GrantOpeningLot
from services.points.domain.checklist import CheckedItem
from services.points.domain.goods import GOODS, ChangeStock, ListGoods
from services.points.domain.hazard import ReportHazard, Severity
from services.points.domain.ledger import PointsAccount, PointsEarned
from services.points.domain.machine import NoteMachine, RegisterMachine
from services.points.domain.presence import NoteDeparture, NotePresence
from services.points.domain.rectification import DismissHazard, LinkDuplicate, Told, VerifyHazard
from services.points.domain.redemption import Redeem, ReportDispense, Result
from services.points.domain.report_commands import SubmitReport
from services.points.domain.rights import OpenRight, PatrolKind
from services.points.domain.rules import DeclareKeyPeriod, PublishRules
from shared.decider import Command, DeadlineSet

from .play import play
from .the_day import INTAKE, at

EVE = at("09:00", "2026-01-22")
NIGHT = at("18:00", "2026-01-24")


def duty(duty_id: str, kind: PatrolKind, station: str, since: str, until: str, *people: str) -> Command:
    return OpenRight(duty_id, kind, station, at(since), at(until), people)


def visit(member: str, station: str, since: str, until: str) -> list[Command]:
    name = f"{member}-{since}"
    return [
        NotePresence(member, name, station, at(since)),
        NoteDeparture(member, name, station, at(since), at(until)),
    ]


def patrol(duty_id: str, volunteer: str, station: str, since: str, until: str) -> Command:
    answers = (CheckedItem("tables_chairs", True), CheckedItem("power_strips", True))
    report = f"{duty_id}-{volunteer}"
    return SubmitReport(report, duty_id, station, volunteer, at(since), at(until), answers, False, at(until), INTAKE)


SET_UP: list[Command] = [
    PublishRules(1, EVE, EVE),
    DeclareKeyPeriod(("S2",), at("17:00"), at("19:00"), "evening_rush", EVE),
    GrantOpeningLot("V1", 5, "old-1", at("09:00", "2025-01-20"), EVE),
    GrantOpeningLot("V3", 3, "old-2", at("09:00", "2025-11-10"), EVE),
    GrantOpeningLot("L1", 6, "old-3", at("09:00", "2025-12-05"), EVE),
    duty("morning", "patrol_daily", "S1", "07:30", "09:30", "V1", "V2"),
    duty("weekly", "patrol_weekly", "S1", "13:30", "15:30", "L1"),
    duty("heating", "patrol_special", "S2", "14:30", "16:30", "V3"),
    duty("evening", "patrol_daily", "S2", "17:00", "19:00", "V1"),
    RegisterMachine("M1", "S1", 300, EVE),
]
for item, price, units in (("towel", 6, 1), ("soap", 4, 3), ("thermos", 10, 1)):
    SET_UP += [ListGoods("M1", item, price, EVE), ChangeStock("M1", "S1", item, units, "restocked", EVE)]


def exchange(redemption: str, member: str, item: str, time: str, *results: Result) -> list[Command]:
    """The member asks at a machine which is there; what the machine says of it follows at once."""
    asked: list[Command] = [NoteMachine("M1", "ready", at(time)), Redeem(redemption, member, "M1", item, at(time))]
    return [*asked, *[ReportDispense(redemption, "M1", result, "jammed", at(time)) for result in results]]


def hazard(name: str, reporter: str, station: str, asset: str | None, seen: str) -> Command:
    severity: Severity = "major" if asset == "PWR-07" else "general"
    return ReportHazard(name, reporter, station, asset, "safety", severity, None, None, None, at(seen))


DAY: list[Command] = [
    *visit("V1", "S1", "07:58", "08:30"),
    patrol("morning", "V1", "S1", "08:00", "08:20"),
    patrol("morning", "V2", "S1", "08:02", "08:22"),
    *visit("V2", "S1", "08:00", "08:28"),  # told after the report: gates may lag behind phones
    hazard("HZ1", "V2", "S1", "EXT-01", "08:15"),
    hazard("HZ2", "V1", "S1", None, "08:18"),
    VerifyHazard("RC1", "HZ1", at("10:10")),
    DismissHazard("RC2", "HZ2", at("10:20")),
    *exchange("X1", "V1", "towel", "12:00", "dispensed"),
    *exchange("X2", "L1", "towel", "12:01"),
    *visit("L1", "S1", "13:55", "14:45"),
    patrol("weekly", "L1", "S1", "14:00", "14:40"),
    *visit("V3", "S2", "14:50", "15:45"),
    patrol("heating", "V3", "S2", "15:00", "15:40"),
    hazard("HZ3", "V3", "S2", "PWR-07", "15:12"),
    VerifyHazard("RC3", "HZ3", at("15:24")),
    *visit("V1", "S2", "17:25", "17:58"),
    patrol("evening", "V1", "S2", "17:30", "17:55"),
    hazard("HZ4", "V1", "S2", "PWR-07", "17:40"),
    LinkDuplicate("RC3", "HZ4", at("17:41")),
    *exchange("X3", "V3", "thermos", "19:00"),
    *exchange("X4", "V3", "soap", "19:03", "failed"),
    *exchange("X5", "V3", "soap", "19:05", "dispensed"),
]
BALANCES = {"V1": 4, "V2": 4, "V3": 5, "L1": 8}
LIFETIMES = {"V1": 10, "V2": 4, "V3": 9, "L1": 8}


def accounts(commands: list[Command]) -> dict[str, PointsAccount]:
    streams = play(commands)
    return {member: ACCOUNT.fold(streams[f"account-{member}"]) for member in BALANCES}  # type: ignore[arg-type]


def test_the_day_ends_with_the_expected_balances() -> None:
    balances = {member: account.available(NIGHT) for member, account in accounts(SET_UP + DAY).items()}
    assert balances == BALANCES


def test_pt10_the_day_ends_with_the_expected_lifetimes() -> None:
    assert {member: account.lifetime for member, account in accounts(SET_UP + DAY).items()} == LIFETIMES


def test_the_day_leaves_the_expected_lots() -> None:
    left = accounts(SET_UP + DAY)
    assert [(lot.lot_id, lot.remaining) for lot in left["V1"].lots] == [
        ("patrol:morning-V1", 1),
        ("patrol:evening-V1", 3),
    ]
    assert [(lot.lot_id, lot.remaining) for lot in left["V3"].lots] == [("patrol:heating-V3", 3), ("hazard:HZ3", 2)]


def test_the_day_leaves_the_expected_goods() -> None:
    streams = play(SET_UP + DAY)
    goods = {i: GOODS.fold(streams[f"goods-M1/{i}"]) for i in ("towel", "soap", "thermos")}  # type: ignore[arg-type]
    assert {i: (g.sellable, len(g.held), len(g.blocked)) for i, g in goods.items()} == {
        "towel": (0, 0, 0),
        "soap": (1, 0, 1),
        "thermos": (1, 0, 0),
    }


def test_the_day_refuses_the_towel_and_the_thermos_once() -> None:
    refused: list[tuple[Command, str]] = []
    play(SET_UP + DAY, refused=refused)
    assert [(command.redemption_id, code) for command, code in refused if isinstance(command, Redeem)] == [
        ("X2", "OUT_OF_STOCK"),
        ("X3", "INSUFFICIENT_POINTS"),
    ]
    assert len(refused) == 2


def test_the_day_earns_13_by_patrols_and_4_by_hazards() -> None:
    streams = play(SET_UP + DAY).values()
    earned = [(e.reason, e.points) for events in streams for e in events if isinstance(e, PointsEarned)]
    by_reason = {reason: sum(points for why, points in earned if why == reason) for reason in ("patrol", "hazard")}
    assert by_reason == {"patrol": 13, "hazard": 4}


def test_the_day_ends_the_same_when_every_command_comes_twice() -> None:
    """But for the stock: to put in three more is another wish, which only its command id tells from the first (K2)."""
    twice = [command for command in SET_UP + DAY for _ in range(1 if isinstance(command, ChangeStock) else 2)]
    assert accounts(twice) == accounts(SET_UP + DAY)


def test_the_day_earns_the_same_when_reports_come_before_duties_and_rules_and_visits_come_last() -> None:
    visits = [command for command in DAY if isinstance(command, NotePresence | NoteDeparture)]
    reports = [command for command in DAY if isinstance(command, SubmitReport)]
    earned = {member: account.earned for member, account in accounts(SET_UP + DAY).items()}
    inspected = [command for command in DAY if isinstance(command, Told)]
    hazards = [command for command in DAY if isinstance(command, ReportHazard)]
    late = accounts([*reports, *inspected, *SET_UP, *visits, *hazards])
    assert {member: account.earned for member, account in late.items()} == earned


def test_every_lot_of_the_day_has_its_deadline() -> None:
    streams = play(SET_UP + DAY)
    deadlines = [e.ref for name in streams for e in streams[name] if isinstance(e, DeadlineSet) and e.name == "lot"]
    assert len(deadlines) == len(set(deadlines)) == 10
