"""Vouchers through the doors of two running services: booked, collected, missed, refused, held at tills, taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import pytest

from shared.clock import CHINA
from shared.contracts.event_type import events_topic, feedback_topic, intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import Caller, calling, settle
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, answers, binary, header, read_all
from tests.running import Town, a_town

pytestmark = pytest.mark.journey

MEMBERS = [f"W{number:02}" for number in range(1, 21)]
YEAR: dict[str, Any] = {"starts_at": "2026-01-01T00:00:00+08:00", "ends_at": "2027-01-01T00:00:00+08:00"}
GIFT: dict[str, Any] = {
    "kind": "phased", "budget_id": "B-GIFT", "face_fen": 500, "merchants": ["M1", "M2"],
    "valid_until": "2026-01-25T00:00:00+08:00", "phases": [{"phase_id": "winter", **YEAR}], **YEAR,
}  # fmt: skip
CAMPAIGNS = {"gifts": GIFT, "packs": {**GIFT, "collect": True}, "parcels": {**GIFT, "collect": True}}
HELD = "cn.yizhan.welfare.VoucherHold{}.v1"


def at(clock: str, day: int = 23) -> str:
    return datetime.fromisoformat(f"2026-01-{day:02}T{clock}").replace(tzinfo=CHINA).isoformat()


class Street:
    """A union office, two shops, and members with vouchers. Every command has a key of its own."""

    def __init__(self, town: Town, callers: Mapping[str, Caller]) -> None:
        self.town, self.callers = town, callers
        self._numbers = 0

    def set(self, clock: str, day: int = 23) -> None:
        self.town.surroundings.clock.path.write_text(f"fixed {at(clock, day)}\n")

    def name(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._numbers}"

    async def post(self, who: str, path: str, body: Any) -> dict[str, Any]:
        answer = await self.callers[who].insist(path, body, self.name("key"))
        told: dict[str, Any] = answer.json()
        return told

    async def code(self, who: str, path: str, body: Any) -> str:
        told = await self.post(who, path, body)
        return str(told.get("code") or told["outcome"])

    async def told(self, kind: str, body: dict[str, Any]) -> str:
        """Of what was sent to welfare by Kafka: status or code."""
        identity = self.name("till")
        async with Publisher(self.town.infra.kafka) as publisher:
            record = binary(HELD.format(kind), identity, "/tills", body["member_id"], body)
            await publisher.send(intake_topic("welfare"), record)
        await self.town.welfare.idle()
        (answer,) = (
            a for a in answers(await read_all(self.town.infra.kafka, feedback_topic("welfare"))) if a["id"] == identity
        )
        return str(answer.get("code") or answer["status"])

    async def claim(self, member: str, campaign: str = "gifts") -> str:
        """A new voucher's id, which checkin knows of, too."""
        async with calling(self.town.welfare, self.town.surroundings, member, "worker") as worker:
            answer = await worker.insist(f"/campaigns/{campaign}/claim", {"member_id": member}, self.name("claim"))
        await self.town.idle()
        (issued,) = (one["entity"] for one in answer.json()["events"] if one["type"] == "VoucherIssued")
        return str(issued)

    async def claim_once(self, member: str) -> str:
        """The voucher that the member has, or a new one."""
        found = (await self.callers["officer"].get(f"/wallet/{member}")).json()["vouchers"]
        return str(found[0]["voucher_id"]) if found else await self.claim(member)

    async def open(
        self, pool: str, place: str, begin: str, end: str, campaign: str = "packs", capacity: int = 3
    ) -> None:
        when = {"starts_at": at(begin), "ends_at": at(end), "capacity": capacity, "campaign_id": campaign}
        assert "events" in await self.post(
            "checkin", "/slot-pools", {"pool_id": pool, "purpose": "collection", "place_id": place, **when}
        )

    async def book(self, member: str, pool: str, *, wait: bool = False) -> None:
        told = await self.post("checkin", f"/slot-pools/{pool}/book", {"member_id": member, "waitlist": wait})
        assert "events" in told, told
        await self.town.idle()

    async def booked(self, pool: str) -> dict[str, str]:
        await self.town.idle()
        rows = (await self.callers["checkin"].get(f"/slot-pools/{pool}/bookings")).json()["bookings"]
        return {row["member_id"]: row["status"] for row in rows}

    async def state(self, voucher: str) -> tuple[str, str | None]:
        """And the place that holds it."""
        await self.town.idle()
        found = (await self.callers["officer"].get(f"/vouchers/{voucher}")).json()
        return found["state"], found["hold"] and found["hold"]["place_id"]

    async def buy(self, member: str, voucher: str, shop: str = "M1", ref: str | None = None) -> str:
        wish = {"redemption_id": self.name("R"), "member_id": member, "merchant_id": shop, "basket_fen": 800}
        more = {"terminal_id": f"{shop}-till", "voucher_id": voucher, "reservation_ref": ref}
        return await self.code(f"{shop}-till", "/redemptions", {**wish, **more})

    async def published(self, kind: str, key: str) -> list[dict[str, Any]]:
        """Of this kind about this voucher or booking's pool."""
        records = await read_all(self.town.infra.kafka, events_topic("welfare"))
        told = zip(records, answers(records), strict=True)
        return [d for r, d in told if header(r, "ce_type") == f"cn.yizhan.welfare.{kind}.v1" and key in d.values()]


@pytest.fixture(scope="module")
async def street(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("vouchers"), "checkin", "welfare") as town:
        await settle(town.checkin, town.surroundings, MEMBERS)
        async with AsyncExitStack() as stack:
            who = {
                "checkin": calling(town.checkin, town.surroundings, "P1", "officer", "desk"),
                "officer": calling(town.welfare, town.surroundings, "P1", "officer", "finance"),
                "M1-till": calling(town.welfare, town.surroundings, "M1-till", "terminal"),
                "M2-till": calling(town.welfare, town.surroundings, "M2-till", "terminal"),
            }
            callers = {name: await stack.enter_async_context(caller) for name, caller in who.items()}
            street = Street(town, callers)
            await street.post("officer", "/budgets/B-GIFT/allocate", {"fen": 100_000, "source_ref": "2026-001"})
            for name, terms in CAMPAIGNS.items():
                await street.post("officer", f"/campaigns/{name}/draft", terms)
                assert await street.code("officer", f"/campaigns/{name}/publish", {}) == "accepted"
            for shop in ("M1", "M2"):
                terms = {"category": "supermarket", "contract_ref": "2026-1"}
                await street.post("officer", f"/merchants/{shop}/onboard", terms)
                await street.post("officer", f"/merchants/{shop}/register-terminal", {"terminal_id": f"{shop}-till"})
            await town.idle()
            yield street


async def test_rows_11_to_14_a_voucher_is_booked_collected_or_missed(street: Street) -> None:
    """WF5: reserved until 15 minutes after the slot; who comes redeems it, who does not still has it."""
    street.set("08:00")
    comes, misses = [await street.claim(member, "packs") for member in ("W01", "W02")]
    await street.open("M1-10", "M1", "10:00", "11:00")
    for member in ("W01", "W02"):
        await street.book(member, "M1-10")
    assert await street.state(comes) == ("reserved", "M1")
    street.set("10:05")
    assert await street.buy("W01", comes) == "VOUCHER_RESERVED_ELSEWHERE"  # has not shown his code yet
    present = {"member_id": "W01", "place_id": "M1", "device_id": "desk"}
    assert "events" in await street.post("checkin", "/bookings/present", present)
    await street.town.idle()
    assert await street.buy("W01", comes) == "accepted"
    assert await street.state(comes) == ("redeemed", None)
    street.set("11:15")
    assert await street.booked("M1-10") == {"W01": "attended", "W02": "no_show"}
    assert await street.state(misses) == ("issued", None)
    assert await street.buy("W02", misses) == "RESERVATION_EXPIRED"
    missed = (await street.callers["officer"].get("/no-shows", merchant_id="M1")).json()["no_shows"]
    assert [(one["member_id"], one["voucher_id"], one["pool_id"]) for one in missed] == [("W02", misses, "M1-10")]


async def test_amendment_6_a_booking_without_a_voucher_is_the_next_ones(street: Street) -> None:
    """Row 12: W03 has used his voucher, and the right to book that checkin knows of is older than that."""
    street.set("12:00")
    used, waits = await street.claim("W03", "parcels"), await street.claim("W04", "parcels")
    await street.open("M1-13", "M1", "13:00", "14:00", "parcels", capacity=1)
    await street.book("W03", "M1-13")
    street.set("13:01")
    assert "events" in await street.post(
        "checkin", "/bookings/present", {"member_id": "W03", "place_id": "M1", "device_id": "desk"}
    )
    await street.town.idle()
    assert await street.buy("W03", used) == "accepted"
    await street.open("M1-15", "M1", "15:00", "16:00", "parcels", capacity=1)
    street.set("14:20")
    await street.book("W03", "M1-15")
    assert await street.booked("M1-15") == {"W03": "cancelled"}
    (told,) = await street.published("VoucherReservationRefused", "M1-15")
    assert told["code"] == "VOUCHER_ALREADY_REDEEMED"
    await street.book("W04", "M1-15")
    assert await street.state(waits) == ("reserved", "M1")


async def test_row_11_a_revoked_voucher_takes_its_booking_along(street: Street) -> None:
    street.set("16:00")
    voucher = await street.claim("W05", "packs")
    await street.open("M1-17", "M1", "17:00", "18:00")
    await street.book("W05", "M1-17")
    assert await street.code("officer", f"/vouchers/{voucher}/revoke", {"reason": "fraud"}) == "accepted"
    assert await street.code("officer", f"/vouchers/{voucher}/revoke", {"reason": "fraud"}) == "unchanged"
    assert await street.booked("M1-17") == {"W05": "cancelled"}
    assert await street.state(voucher) == ("revoked", None)
    assert await street.buy("W05", voucher) == "VOUCHER_REVOKED"
    assert await street.told("Requested", {"voucher_id": voucher, **hold("W05")}) == "VOUCHER_REVOKED"
    assert len(await street.published("VoucherExpired", voucher)) == 1


async def test_row_17_wf13_e43_a_suspended_merchants_bookings_are_freed(street: Street) -> None:
    street.set("18:00")
    voucher = await street.claim("W06", "packs")
    await street.open("M2-19", "M2", "19:00", "20:00")
    await street.book("W06", "M2-19")
    assert await street.state(voucher) == ("reserved", "M2")
    assert await street.code("officer", "/merchants/M2/suspend", {"reason": "hygiene"}) == "accepted"
    assert await street.booked("M2-19") == {"W06": "cancelled"}
    assert await street.state(voucher) == ("issued", None)
    street.set("18:10")
    await street.open("M1-19", "M1", "19:00", "20:00")
    await street.book("W06", "M1-19")
    assert await street.state(voucher) == ("reserved", "M1")
    assert await street.code("officer", "/merchants/M2/resume", {}) == "accepted"


def hold(member: str, shop: str = "M1", ref: str = "T-1") -> dict[str, str]:
    return {"member_id": member, "merchant_id": shop, "terminal_id": f"{shop}-till", "reservation_ref": ref}


async def test_wf5_e39_a_till_holds_by_either_door_and_no_other_gets_it(street: Street) -> None:
    street.set("20:00")
    voucher = await street.claim("W07")
    path = f"/vouchers/{voucher}"
    assert await street.code("M1-till", f"{path}/reserve", hold("W07")) == "accepted"
    assert await street.code("M1-till", f"{path}/reserve", hold("W07")) == "unchanged"
    assert await street.code("M2-till", f"{path}/reserve", hold("W07", "M2")) == "VOUCHER_RESERVED_ELSEWHERE"
    other = {"voucher_id": voucher, **hold("W07", "M2", "T-9")}
    assert await street.told("Requested", other) == "VOUCHER_RESERVED_ELSEWHERE"
    assert await street.told("Released", other) == "accepted"  # nothing of this reference is held
    assert await street.buy("W07", voucher, "M2") == "VOUCHER_RESERVED_ELSEWHERE"
    assert await street.code("M1-till", f"{path}/release", {**hold("W07"), "reservation_ref": None}) == "accepted"
    assert await street.told("Requested", other) == "accepted"
    assert await street.buy("W07", voucher, "M2", "T-9") == "accepted"
    assert await street.told("Requested", other) == "VOUCHER_ALREADY_REDEEMED"


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("nobody's", hold("W08"), "VOUCHER_NOT_FOUND"),
    ("own", hold("W09"), "VOUCHER_NOT_YOURS"),
    ("own", {**hold("W08"), "merchant_id": "M2"}, "TERMINAL_UNKNOWN"),
    ("own", {**hold("W08"), "merchant_id": "M9"}, "NOT_FOUND"),
]


@pytest.mark.parametrize("which,body,code", REFUSED, ids=[one[2] for one in REFUSED])
async def test_what_a_till_cannot_hold_has_its_code_at_both_doors(
    street: Street, which: str, body: dict[str, str], code: str
) -> None:
    street.set("21:00")
    voucher = "V9" if which == "nobody's" else await street.claim_once("W08")
    assert await street.code("M1-till", f"/vouchers/{voucher}/reserve", body) == code
    assert await street.told("Requested", {"voucher_id": voucher, **body}) == code


async def test_row_22_a_suspended_member_holds_nothing_and_his_booking_is_free(street: Street) -> None:
    street.set("21:10")
    gift, pack = await street.claim("W10"), await street.claim("W10", "packs")
    await street.open("M1-22", "M1", "22:00", "23:00")
    await street.book("W10", "M1-22")
    await street.post("checkin", "/members/W10/suspend", {"reason": "left_trade"})
    assert await street.booked("M1-22") == {"W10": "cancelled"}
    assert await street.state(pack) == ("issued", None)
    assert await street.code("M1-till", f"/vouchers/{gift}/reserve", hold("W10")) == "MEMBER_SUSPENDED"
    async with calling(street.town.welfare, street.town.surroundings, "W10", "worker") as worker:
        wallet = (await worker.get("/wallet/W10")).json()
        assert (wallet["blocked"], {one["voucher_id"] for one in wallet["vouchers"]}) == ("suspended", {gift, pack})
        assert [one["merchants"] for one in wallet["vouchers"]] == [["M1", "M2"]] * 2
        assert (await worker.get(f"/vouchers/{gift}")).json()["face_fen"] == 500
        assert (await worker.get("/wallet/W07")).status_code == 403
        assert (await worker.get("/no-shows", member_id="W10")).json()["no_shows"] == []
    async with calling(street.town.welfare, street.town.surroundings, "W11", "worker") as other:
        assert (await other.get(f"/vouchers/{gift}")).status_code == 403
    assert (await street.callers["officer"].get("/vouchers/V9")).json()["code"] == "VOUCHER_NOT_FOUND"


async def test_wf5_wf6_timers_end_holds_and_vouchers_and_the_money_is_free_again(street: Street) -> None:
    """Last of all, as the clock only goes on."""
    street.set("23:55", 24)
    held, loose = await street.claim("W12"), await street.claim("W13")
    assert await street.code("M1-till", f"/vouchers/{held}/reserve", hold("W12")) == "accepted"
    street.set("00:00", 25)
    assert await street.state(loose) == ("expired", None)
    assert await street.state(held) == ("reserved", "M1")
    assert await street.code("M1-till", f"/vouchers/{loose}/reserve", hold("W13")) == "VOUCHER_EXPIRED"
    assert await street.told("Requested", {"voucher_id": loose, **hold("W13")}) == "VOUCHER_EXPIRED"
    street.set("00:10", 25)
    assert await street.state(held) == ("expired", None)
    assert len(await street.published("VoucherExpired", held)) == 1
    sums = (await street.callers["officer"].get("/budgets/B-GIFT")).json()
    assert (sums["committed_fen"], sums["consumed_fen"]) == (0, 3 * 500)
    assert await street.town.faults("welfare", "checkin") == []
