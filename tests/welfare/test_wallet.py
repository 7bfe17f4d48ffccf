"""wallet and no_show_list, by what was decided, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from services.welfare.domain import refusals
from services.welfare.domain.collection import AttendCollection, MissCollection, ReserveForBooking
from services.welfare.domain.member import NoteLeaving, NoteReinstatement, NoteSuspension
from services.welfare.domain.merchant import SuspendMerchant
from services.welfare.domain.voucher_commands import ExpireVoucher, HoldAtTill, RevokeVoucher
from services.welfare.main import SERVICE
from services.welfare.projections import no_show_list, wallet
from services.welfare.projections.campaigns import CAMPAIGNS
from services.welfare.projections.merchants import MERCHANTS
from services.welfare.projections.no_show_list import NO_SHOW_LIST, Wanted
from services.welfare.projections.wallet import WALLET
from shared.database import Database
from shared.decider import Change, Command
from shared.testing.infrastructure import Databases
from tests.running import migrated

from .rows import log_of, looking, project
from .shop import DRINKS, at, budget, campaign, merchant, redeem, reverse, voucher
from .test_collecting import BOOKED, OVER, confirm

GIFT, GIFT_ISSUED = voucher("gifts", "W06")
DRINK, DRINK_ISSUED = voucher("drinks", "W06")
OTHER, OTHER_ISSUED = voucher("drinks", "W02")
ANYWHERE = msgspec.structs.replace(DRINKS, merchants=())
PAST: tuple[Change, ...] = (
    merchant("M1"), merchant("M2"), campaign("gifts"), campaign("drinks"), budget("B-GIFT", 10_000),
    budget("B-DRINK", 3000), *GIFT_ISSUED, *DRINK_ISSUED, *OTHER_ISSUED,
)  # fmt: skip
NOON = at("12:00")
TILL = HoldAtTill(DRINK, "W06", "M2", "M2-till", "T-1", NOON)
BUY = redeem("R1", "W06", "M2", NOON, 250, voucher_id=DRINK)
CAME = AttendCollection("BK1", BOOKED, at("10:05"))
MISS = MissCollection("BK1", BOOKED, OVER)


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(migrated(databases, SERVICE), name="test", pool=2)
    yield database
    await database.close()


async def after(database: Database, commands: list[Command], past: tuple[Change, ...] = PAST) -> None:
    await project(database, log_of(commands, *past), WALLET, CAMPAIGNS, MERCHANTS, NO_SHOW_LIST)


async def shown(database: Database, voucher_id: str, now: datetime = NOON) -> dict[str, Any]:
    async with looking(database, WALLET) as view:
        return await wallet.one(view, voucher_id, now)


async def wallet_of(database: Database, now: datetime = NOON, limit: int = 9, **how: Any) -> list[dict[str, Any]]:
    async with looking(database, WALLET) as view:
        return await wallet.of(view, "W06", now, limit, how.pop("before", None), usable=how.pop("usable", False))


async def test_a_wallet_has_its_members_vouchers_and_where_they_can_be_used(database: Database) -> None:
    await after(database, [])
    vouchers = await wallet_of(database)
    assert [(one["voucher_id"], one["state"], one["merchants"]) for one in vouchers] == [
        (DRINK, "issued", ["M2"]),
        (GIFT, "issued", ["M1"]),
    ]
    (first,) = await wallet_of(database, limit=1)
    (second,) = await wallet_of(database, before=first["place"])
    assert (first["voucher_id"], second["voucher_id"]) == (DRINK, GIFT)


async def test_a_merchant_that_does_not_serve_is_no_place_to_use_it(database: Database) -> None:
    await after(database, [SuspendMerchant("M2", "hygiene", NOON)])
    assert ((await shown(database, DRINK))["merchants"], (await shown(database, GIFT))["merchants"]) == ([], ["M1"])


async def test_a_campaign_that_names_no_merchant_has_them_all(database: Database) -> None:
    await after(database, [], (*PAST, campaign("drinks", ANYWHERE)))
    line = await shown(database, DRINK)
    assert (line["any_merchant"], line["merchants"]) == (True, [])
    assert not (await shown(database, GIFT))["any_merchant"]


async def test_wf5_a_hold_is_shown_until_its_moment_whether_its_timer_has_come_or_not(database: Database) -> None:
    await after(database, [TILL])
    line = await shown(database, DRINK, at("12:14"))
    assert (line["state"], line["hold"]["ref"], line["hold"]["place_id"]) == ("reserved", "T-1", "M2")
    line = await shown(database, DRINK, at("12:15"))
    assert (line["state"], line["hold"]) == ("issued", None)


async def test_wf6_a_voucher_is_shown_as_expired_from_its_moment_on(database: Database) -> None:
    await after(database, [])
    end = at("00:00", "2026-01-24")
    assert (await shown(database, DRINK, at("23:59")))["state"] == "issued"
    assert (await shown(database, DRINK, end))["state"] == "expired"
    assert [one["voucher_id"] for one in await wallet_of(database, end, usable=True)] == [GIFT]


async def test_wf5_a_hold_that_lasts_longer_is_still_usable(database: Database) -> None:
    await after(database, [HoldAtTill(DRINK, "W06", "M2", "M2-till", "T-1", at("23:50"))])
    end = at("00:00", "2026-01-24")
    assert [one["voucher_id"] for one in await wallet_of(database, end, usable=True)] == [DRINK, GIFT]
    assert (await shown(database, DRINK, end))["state"] == "reserved"


async def test_row_14_who_has_come_is_seen_at_the_hold(database: Database) -> None:
    await after(database, [confirm(), CAME])
    hold = (await shown(database, GIFT, at("10:10")))["hold"]
    assert (hold["holder"], hold["ref"], hold["permitted"]) == ("collection", "BK1", True)


async def test_row_14_a_late_word_of_an_earlier_booking_permits_no_other(database: Database) -> None:
    again = msgspec.structs.replace(confirm("BK2", slot=(at("14:00"), at("15:00"))), now=at("12:00"))
    await after(database, [confirm(), MISS, CAME, again])
    hold = (await shown(database, GIFT))["hold"]
    assert (hold["ref"], hold["permitted"]) == ("BK2", False)


async def test_a_redeemed_voucher_tells_where_and_for_how_much(database: Database) -> None:
    await after(database, [BUY])
    line = await shown(database, DRINK)
    assert (line["state"], line["redemption_id"], line["merchant_id"], line["paid_fen"]) == (
        "redeemed",
        "R1",
        "M2",
        250,
    )


async def test_wf7_a_reinstated_voucher_is_issued_again(database: Database) -> None:
    await after(database, [BUY, reverse("R1", at("13:00"))])
    line = await shown(database, DRINK)
    assert (line["state"], line["redemption_id"], line["paid_fen"]) == ("issued", None, None)


async def test_what_has_ended_is_shown_but_not_usable(database: Database) -> None:
    await after(database, [RevokeVoucher(GIFT, "fraud", NOON), ExpireVoucher(DRINK, at("00:00", "2026-01-24"))])
    assert [one["state"] for one in await wallet_of(database)] == ["expired", "revoked"]
    assert await wallet_of(database, usable=True) == []


async def test_an_unknown_voucher_is_not_found(database: Database) -> None:
    await after(database, [])
    with pytest.raises(refusals.VoucherNotFound):
        await shown(database, "V9")


@pytest.mark.parametrize(
    "commands,blocked",
    [
        ([], ""),
        ([NoteSuspension("W06", NOON)], "suspended"),
        ([NoteSuspension("W06", NOON), NoteReinstatement("W06", NOON)], ""),
        ([NoteLeaving("W06", NOON)], "left"),
    ],
)
async def test_row_22_a_wallet_says_why_nothing_of_it_can_be_used(
    database: Database, commands: list[Command], blocked: str
) -> None:
    await after(database, commands)
    async with looking(database, WALLET) as view:
        assert await wallet.blocked(view, "W06") == blocked


async def missed(database: Database, limit: int = 9, before: int | None = None, **wanted: Any) -> list[dict[str, Any]]:
    async with looking(database, NO_SHOW_LIST) as view:
        return await no_show_list.page(view, Wanted(**wanted), limit, before)


async def test_row_13_who_did_not_come_is_listed_with_what_was_reserved(database: Database) -> None:
    later: list[ReserveForBooking] = [confirm("BK2", slot=(at("14:00"), at("15:00")))]
    await after(database, [confirm(), MISS, *later, MissCollection("BK2", BOOKED, at("15:15"))])
    lines = await missed(database)
    assert [(one["booking_id"], one["member_id"], one["voucher_id"]) for one in lines] == [
        ("BK2", "W06", GIFT),
        ("BK1", "W06", GIFT),
    ]
    assert [one["booking_id"] for one in await missed(database, 9, lines[0]["place"])] == ["BK1"]
    day: dict[str, Any] = {"merchant_id": "M1", "campaign_id": "gifts", "member_id": "W06", "day": date(2026, 1, 23)}
    assert len(await missed(database, **day)) == 2
    others: dict[str, Any] = {"merchant_id": "M2", "campaign_id": "x", "member_id": "x", "day": date(2026, 1, 24)}
    for name, other in others.items():
        assert await missed(database, **{**day, name: other}) == []


async def test_row_14_who_came_after_all_is_not_listed(database: Database) -> None:
    await after(database, [confirm(), MISS, CAME])
    assert await missed(database) == []
