"""Bookings through the doors of a real service: the day's slots at M1, every code, what welfare tells, what is told."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from shared.clock import CHINA
from shared.contracts.event_type import events_topic, feedback_topic, intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import Caller, calling, settle
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, answers, binary, header, read_all
from tests.running import Town, a_town

pytestmark = pytest.mark.journey

PRESENTED = "cn.yizhan.checkin.BookingPresented.v1"
WORKERS = [f"W{number:02}" for number in range(1, 13)]
GIFT = ("W06", "W07", "W08", "W09", "W10")
_numbers = itertools.count(1)


def at(clock: str, day: int = 23) -> datetime:
    return datetime.fromisoformat(f"2026-01-{day:02}T{clock}").replace(tzinfo=CHINA)


class Desk:
    """Everybody at once: officer, workers, the merchant's desk, welfare."""

    def __init__(self, town: Town, officer: Caller) -> None:
        self.town, self.officer = town, officer

    def set(self, clock: str, day: int = 23) -> None:
        self.town.surroundings.clock.path.write_text(f"fixed {at(clock, day).isoformat()}\n")

    async def post(self, path: str, body: Any) -> httpx.Response:
        """By a person who may; every command under a key of its own."""
        return await self.officer.post(path, body, f"key-{next(_numbers)}")

    async def done(self, path: str, body: Any) -> dict[str, Any]:
        answer = await self.post(path, body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def code(self, path: str, body: Any) -> str:
        answer = await self.post(path, body)
        return str(answer.json().get("code", "done"))

    async def open(self, pool: str, place: str, times: tuple[str, str], capacity: int = 3, **more: Any) -> None:
        begin, end = (at(clock).isoformat() for clock in times)
        body = {"pool_id": pool, "purpose": "collection", "place_id": place, "starts_at": begin, "ends_at": end}
        await self.done("/slot-pools", {**body, "capacity": capacity, **more})

    async def book(self, member: str, pool: str, *, wait: bool = False) -> str:
        """The id of the booking."""
        answer = await self.done(f"/slot-pools/{pool}/book", {"member_id": member, "waitlist": wait})
        return str(answer["command_id"])

    async def comes(self, member: str, place: str) -> str:
        return await self.code("/bookings/present", {"member_id": member, "place_id": place, "device_id": "desk"})

    async def comes_by_kafka(self, member: str, place: str) -> str:
        """What the desk is answered on the feedback topic."""
        identity = f"present-{next(_numbers)}"
        data = {"member_id": member, "place_id": place, "device_id": "desk"}
        async with Publisher(self.town.infra.kafka) as publisher:
            await publisher.send(intake_topic("checkin"), binary(PRESENTED, identity, f"/desks/{place}", member, data))
        await self.town.checkin.idle()
        found = answers(await read_all(self.town.infra.kafka, feedback_topic("checkin")))
        (answer,) = (one for one in found if one["id"] == identity)
        return str(answer.get("code") or answer["status"])

    async def welfare(self, name: str, key: str, data: dict[str, Any], *, times: int = 1) -> None:
        """Welfare tells something, perhaps more than once."""
        kind, identity = f"cn.yizhan.welfare.{name}.v1", f"welfare-{next(_numbers)}"
        now = self.town.surroundings.clock.now().isoformat()
        record = binary(kind, identity, "/services/welfare", data[key], data, time=now)
        async with Publisher(self.town.infra.kafka) as publisher:
            await publisher.send(events_topic("welfare"), *[record] * times)
        await self.town.checkin.idle()

    async def voucher(self, member: str, campaign: str = "winter_gift") -> dict[str, str]:
        voucher = {"voucher_id": f"VC-{campaign}-{member}", "member_id": member, "campaign_id": campaign}
        more = {"kind": "list_gift", "collect": True, "face_fen": 2000, "valid_until": "2026-03-01T00:00:00+08:00"}
        await self.welfare("VoucherIssued", "voucher_id", {**voucher, **more})
        return voucher

    async def told(self, *pools: str) -> Counter[tuple[str, str]]:
        """What was published about these pools, and whose bookings: type and member."""
        await self.town.checkin.idle()
        records = await read_all(self.town.infra.kafka, events_topic("checkin"))
        found = Counter[tuple[str, str]]()
        for record, data in zip(records, answers(records), strict=True):
            if data.get("pool_id") in pools:
                assert record.key.decode() == data.get("booking_id", data["pool_id"])
                found[str(header(record, "ce_type")).split(".")[3], data.get("member_id", "")] += 1
        return found

    async def status(self, pool: str) -> dict[str, str]:
        """What has become of each member's last booking of a pool."""
        await self.town.checkin.idle()
        rows = (await self.officer.get(f"/slot-pools/{pool}/bookings")).json()["bookings"]
        return {row["member_id"]: row["status"] for row in rows}


@pytest.fixture(scope="module")
async def desk(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("bookings"), "checkin") as town:
        await settle(town.checkin, town.surroundings, WORKERS)
        async with calling(town.checkin, town.surroundings, "P1", "officer", "desk") as officer:
            yield Desk(town, officer)


async def test_the_days_two_slots_at_m1(desk: Desk) -> None:
    """CK9, rows 11 to 14: three in the first, one is too late and takes the second, one does not come."""
    desk.set("20:00", 22)
    for member in GIFT:
        await desk.voucher(member)
    await desk.open("M1-10", "M1", ("10:00", "11:00"), campaign_id="winter_gift")
    await desk.open("M1-11", "M1", ("11:00", "12:00"), campaign_id="winter_gift")
    for member in GIFT[:3]:
        await desk.book(member, "M1-10")
    assert await desk.code("/slot-pools/M1-10/book", {"member_id": "W09"}) == "SLOT_FULL"
    for member in GIFT[3:]:
        await desk.book(member, "M1-11")
    assert await desk.code("/slot-pools/M1-11/book", {"member_id": "W11"}) == "BOOKING_NOT_ENTITLED"
    desk.set("10:05")
    assert await desk.comes("W06", "M1") == "done"
    assert await desk.comes_by_kafka("W07", "M1") == "accepted"
    assert await desk.comes_by_kafka("W07", "M1") == "accepted"  # shown twice, and in again
    assert await desk.comes_by_kafka("W09", "M1") == "SLOT_NOT_STARTED"
    desk.set("10:20")
    assert await desk.comes("W08", "M1") == "done"
    desk.set("11:10")
    assert await desk.comes("W09", "M1") == "done"
    desk.set("12:14:59")
    await desk.town.checkin.idle()
    assert await desk.status("M1-11") == {"W09": "attended", "W10": "confirmed"}
    desk.set("12:15")
    assert await desk.status("M1-11") == {"W09": "attended", "W10": "no_show"}
    desk.set("12:20")
    assert await desk.comes("W10", "M1") == "BOOKING_NO_SHOW"
    assert await desk.comes_by_kafka("W10", "M1") == "BOOKING_NO_SHOW"
    missed = (await desk.officer.get("/no-shows", place_id="M1", day="2026-01-23")).json()["no_shows"]
    assert [row["member_id"] for row in missed] == ["W10"]
    assert await desk.told("M1-10", "M1-11") == {
        ("SlotPoolOpened", ""): 2,
        **{("BookingConfirmed", member): 1 for member in GIFT},
        **{("BookingAttended", member): 1 for member in GIFT[:4]},
        ("BookingNoShow", "W10"): 1,
    }


async def test_members_book_and_see_their_own(desk: Desk) -> None:
    desk.set("13:00")
    await desk.open("M2-15", "M2", ("15:00", "16:00"), capacity=1)
    async with calling(desk.town.checkin, desk.town.surroundings, "W01", "worker") as worker:
        assert (await worker.post("/slot-pools/M2-15/book", {"member_id": "W02"}, "other")).status_code == 403
        booked = await worker.post("/slot-pools/M2-15/book", {"member_id": "W01"}, "mine")
        again = await worker.post("/slot-pools/M2-15/book", {"member_id": "W01"}, "mine")
        assert (booked.status_code, booked.content) == (200, again.content)  # K2
        booking, position = booked.json()["command_id"], booked.json()["position"]
        mine = (await worker.get("/members/W01/bookings", min_position=position)).json()["bookings"]
        assert [(row["booking_id"], row["status"]) for row in mine] == [(booking, "confirmed")]
        assert (await worker.get("/members/W02/bookings")).status_code == 403
        board = (await worker.get("/slot-pools", place_id="M2", min_position=position)).json()["pools"]
        assert [(row["pool_id"], row["free"], row["waiting"]) for row in board] == [("M2-15", 0, 0)]
        await desk.book("W02", "M2-15", wait=True)
        cancel = f"/slot-pools/M2-15/bookings/{booking}/cancel"
        assert (await worker.post(cancel, {"member_id": "W01"}, "gone")).status_code == 200
    assert await desk.status("M2-15") == {"W01": "cancelled", "W02": "confirmed"}
    confirmed = {("BookingConfirmed", "W01"): 1, ("BookingConfirmed", "W02"): 1}
    assert await desk.told("M2-15") == {("SlotPoolOpened", ""): 1, **confirmed, ("BookingCancelled", "W01"): 1}


async def test_every_code_is_answered_by_http(desk: Desk) -> None:
    desk.set("13:00")
    await desk.open("M3-14", "M3", ("14:00", "15:00"), capacity=1)
    mine = await desk.book("W01", "M3-14")
    waits = await desk.book("W02", "M3-14", wait=True)
    pool = {"pool_id": "M3-x", "purpose": "service", "place_id": "M3", "capacity": 1}
    late = {**pool, "starts_at": at("14:30").isoformat(), "ends_at": at("15:30").isoformat()}
    assert await desk.code("/slot-pools", late) == "PLACE_TAKEN"
    past = {**pool, "starts_at": at("12:00").isoformat(), "ends_at": at("13:00").isoformat()}
    assert await desk.code("/slot-pools", past) == "SLOT_IN_PAST"
    assert await desk.code("/slot-pools", {**late, "pool_id": "M3-14"}) == "ALREADY_REGISTERED"
    assert await desk.code("/slot-pools/M3-14/book", {"member_id": "W01"}) == "BOOKING_DUPLICATE"
    assert await desk.code("/slot-pools/M3-14/book", {"member_id": "W03"}) == "SLOT_FULL"
    assert await desk.code("/slot-pools/unknown/book", {"member_id": "W03"}) == "NOT_FOUND"
    assert await desk.code("/slot-pools/M3-14/book", {"member_id": "W99"}) == "NOT_FOUND"
    assert await desk.code(f"/slot-pools/M3-14/bookings/{mine}/cancel", {"member_id": "W02"}) == "NOT_FOUND"
    assert await desk.comes("W01", "M3") == "SLOT_NOT_STARTED"
    assert await desk.comes("W03", "M3") == "NOT_FOUND"
    assert (await desk.officer.get("/slot-pools/unknown")).json()["code"] == "NOT_FOUND"
    desk.set("14:00")
    assert (
        await desk.code(f"/slot-pools/M3-14/bookings/{mine}/cancel", {"member_id": "W01"}) == "BOOKING_NOT_CANCELLABLE"
    )
    assert await desk.comes("W02", "M3") == "SLOT_FULL"
    assert await desk.comes_by_kafka("W02", "M3") == "SLOT_FULL"
    assert await desk.comes_by_kafka("W03", "M3") == "NOT_FOUND"
    await desk.done("/members/W12/suspend", {"reason": "left_trade"})
    assert await desk.code("/slot-pools/M3-14/book", {"member_id": "W12"}) == "MEMBER_SUSPENDED"
    assert await desk.comes_by_kafka("W12", "M3") == "MEMBER_SUSPENDED"
    desk.set("15:00")
    assert await desk.code("/slot-pools/M3-14/book", {"member_id": "W03"}) == "SLOT_IN_PAST"
    assert await desk.status("M3-14") == {"W01": "confirmed", "W02": "lapsed"}
    assert await desk.code(f"/slot-pools/M3-14/bookings/{waits}/cancel", {"member_id": "W02"}) == "done"
    desk.set("15:15")
    assert await desk.comes("W01", "M3") == "BOOKING_NO_SHOW"
    assert await desk.status("M3-14") == {"W01": "no_show", "W02": "lapsed"}


async def test_amendment_6_a_refused_reservation_moves_up_the_next_once(desk: Desk) -> None:
    """Row 12: who moves up is told as who has a place, and welfare tells its refusal three times."""
    desk.set("16:00")
    await desk.open("M4-17", "M4", ("17:00", "18:00"), capacity=1)
    first = await desk.book("W01", "M4-17")
    await desk.book("W02", "M4-17", wait=True)
    await desk.book("W03", "M4-17", wait=True)
    refused = {
        "booking_id": first,
        "pool_id": "M4-17",
        "member_id": "W01",
        "campaign_id": "x",
        "code": "VOUCHER_EXPIRED",
    }
    await desk.welfare("VoucherReservationRefused", "booking_id", refused, times=3)
    assert await desk.status("M4-17") == {"W01": "cancelled", "W02": "confirmed", "W03": "waiting"}
    confirmed = {("BookingConfirmed", "W01"): 1, ("BookingConfirmed", "W02"): 1}
    assert await desk.told("M4-17") == {("SlotPoolOpened", ""): 1, **confirmed, ("BookingCancelled", "W01"): 1}


async def test_row11_with_the_voucher_the_booking_ends(desk: Desk) -> None:
    desk.set("16:00")
    voucher = await desk.voucher("W04", "heating")
    await desk.open("M5-17", "M5", ("17:00", "18:00"), campaign_id="heating")
    await desk.book("W04", "M5-17")
    await desk.welfare("VoucherExpired", "voucher_id", voucher)
    assert await desk.status("M5-17") == {"W04": "cancelled"}
    assert await desk.code("/slot-pools/M5-17/book", {"member_id": "W04"}) == "BOOKING_NOT_ENTITLED"


async def test_row17_a_suspended_merchants_pools_are_closed(desk: Desk) -> None:
    desk.set("16:00")
    await desk.open("M6-17", "M6", ("17:00", "18:00"), capacity=1)
    await desk.open("M6-18", "M6", ("18:00", "19:00"), capacity=1)
    await desk.book("W01", "M6-17")
    await desk.book("W02", "M6-17", wait=True)
    await desk.book("W03", "M6-18")
    await desk.welfare("MerchantSuspended", "merchant_id", {"merchant_id": "M6", "reason": "licence"}, times=2)
    assert await desk.status("M6-17") == {"W01": "cancelled", "W02": "lapsed"}
    assert await desk.status("M6-18") == {"W03": "cancelled"}
    assert await desk.told("M6-17", "M6-18") == {
        ("SlotPoolOpened", ""): 2,
        ("SlotPoolClosed", ""): 2,
        **{(kind, member): 1 for kind in ("BookingConfirmed", "BookingCancelled") for member in ("W01", "W03")},
    }
    assert await desk.code("/slot-pools/M6-17/book", {"member_id": "W05"}) == "SLOT_CLOSED"


async def test_row21_a_suspended_stations_pools_are_closed_and_none_is_opened(desk: Desk) -> None:
    desk.set("16:00")
    station = {"city": "nanyang", "county": "wolong", "lat_e6": 33_000_000, "lon_e6": 112_000_000, "capacity": 9}
    await desk.done("/stations", {"station_id": "S7", "always_open": True, **station})
    await desk.open("S7-17", "S7", ("17:00", "18:00"))
    await desk.book("W05", "S7-17")
    await desk.done("/stations/S7/suspend", {"reason": "repairs"})
    assert await desk.status("S7-17") == {"W05": "cancelled"}
    again = {"pool_id": "S7-19", "purpose": "service", "place_id": "S7", "capacity": 1}
    times = {"starts_at": at("19:00").isoformat(), "ends_at": at("20:00").isoformat()}
    assert await desk.code("/slot-pools", {**again, **times}) == "STATION_SUSPENDED"


async def test_a_suspended_members_place_is_for_the_next(desk: Desk) -> None:
    desk.set("16:00")
    await desk.open("M7-17", "M7", ("17:00", "18:00"), capacity=1)
    await desk.book("W11", "M7-17")
    await desk.book("W05", "M7-17", wait=True)
    await desk.done("/members/W11/suspend", {"reason": "left_trade"})
    assert await desk.status("M7-17") == {"W11": "cancelled", "W05": "confirmed"}


async def test_row24_row25_winning_courses_have_pools_and_attendance_names_the_course(desk: Desk) -> None:
    desk.set("16:00")
    course = {"starts_at": at("19:00").isoformat(), "ends_at": at("20:30").isoformat(), "capacity": 20}
    winners = [{"course_id": name, "place_id": place, **course} for name, place in (("first_aid", "R1"), ("tea", "R2"))]
    clash = {"course_id": "chess", "place_id": "R1", **course}
    await desk.welfare("BallotClosed", "ballot_id", {"ballot_id": "BL-1", "winners": [*winners, clash]}, times=2)
    pools = (await desk.officer.get("/slot-pools", day="2026-01-23", limit="200")).json()["pools"]
    courses = {row["course_id"]: row for row in pools if row["course_id"]}
    states = {name: (row["state"], row["reason"], row["free"]) for name, row in courses.items()}
    assert states == {
        "first_aid": ("open", None, 20),
        "tea": ("open", None, 20),
        "chess": ("refused", "place_taken", 0),
    }
    pool = courses["tea"]["pool_id"]
    await desk.book("W01", pool)
    desk.set("19:05")
    assert await desk.comes("W01", "R2") == "done"
    await desk.town.checkin.idle()
    records = answers(await read_all(desk.town.infra.kafka, events_topic("checkin")))
    (came,) = (data for data in records if data.get("pool_id") == pool and "attended_at" in data)
    assert (came["purpose"], came["course_id"]) == ("course", "tea")


async def test_nothing_was_lost_doubled_or_shown_wrong(desk: Desk) -> None:
    """Log, read tables and topics agree after all of this."""
    desk.set("23:00")
    await desk.town.checkin.idle()
    assert await desk.town.faults("checkin") == []
