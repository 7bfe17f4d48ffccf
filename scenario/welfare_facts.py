"""What came of the day in welfare: meals, gifts, budgets, settlements."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeAlias

from scenario.doors import Doors
from scenario.script import Day

Facts: TypeAlias = dict[str, Any]


async def meals(doors: Doors, day: Day) -> Facts:
    """Of the day's breakfasts, by the log of redemptions."""
    days = {"from_day": str(day.data["day"]), "to_day": str(day.data["day"])}
    figures = (await doors.ask("welfare", "/redemption-figures", campaign_id="breakfast", **days))["figures"]
    served = [one for one in figures if one["state"] == "verified"]
    sums = {name: sum(one[f"{name}_fen"] for one in served) for name in ("union", "merchant", "worker")}
    refused = sorted((one["code"], one["redemptions"]) for one in figures if one["state"] == "refused")
    return {
        "meals": sum(one["redemptions"] for one in served),
        "meals_union": fen(sums["union"]),
        "meals_canteen": fen(sums["merchant"]),
        "meals_workers": fen(sums["worker"]),
        "meals_gross": fen(sum(sums.values())),
        "meals_reversed": sum(one["redemptions"] for one in figures if one["state"] == "reversed"),
        "meals_refused": ", ".join(f"{code} {count}" for code, count in reversed(refused)),
    }


async def vouchers(doors: Doors, day: Day) -> Facts:
    """Of drinks, gifts and rewards, by the wallets of all members; and who was not given one."""
    held: dict[str, list[tuple[str, str]]] = {}
    for member in day.data["members"]:
        for voucher in (await doors.ask("welfare", f"/wallet/{member}"))["vouchers"]:
            held.setdefault(voucher["campaign_id"], []).append((voucher["state"], member))
    drinks, gifts = Counter(state for state, _ in held["drinks"]), Counter(state for state, _ in held["gifts"])
    reach = await doors.ask("welfare", "/campaigns/drinks/reach")
    no_shows = (await doors.ask("welfare", "/no-shows", campaign_id="gifts"))["no_shows"]
    return {
        "drinks_issued": drinks.total(),
        "drinks_redeemed": drinks["redeemed"],
        "drinks_expired": drinks["expired"],
        "drinks_declined": sum(reach["declined"].values()),
        "drinks_of": " ".join(sorted(member for _, member in held["drinks"])),
        "gifts_issued": gifts.total(),
        "gifts_redeemed": gifts["redeemed"],
        "gifts_no_show": len(no_shows),
        "gifts_still_issued": " ".join(sorted(member for state, member in held["gifts"] if state == "issued")),
        "rewards": " ".join(sorted(member for _, member in held.get("rewards", []))),
    }


async def budgets(doors: Doors, day: Day) -> Facts:
    """Allocated / consumed / committed / available."""
    names = ("allocated", "consumed", "committed", "available")
    found = {budget: await doors.ask("welfare", f"/budgets/{budget}") for budget in day.data["budgets"]}
    return {budget: " / ".join(fen(told[f"{name}_fen"]) for name in names) for budget, told in found.items()}


async def settlements(doors: Doors, day: Day) -> Facts:
    """Of the day's cut-off."""
    found = (await doors.ask("welfare", "/settlements", day=str(day.data["day"])))["settlements"]
    paid = {one["merchant_id"]: one["net_fen"] for one in found if one["stage"] == "paid"}
    lines = sorted((one["merchant_id"], one["lines"]) for one in found)
    return {
        "settled": ", ".join(f"{merchant} {count}" for merchant, count in lines),
        **{f"paid_{merchant}": fen(amount) for merchant, amount in paid.items()},
        "paid": fen(sum(paid.values())),
    }


def fen(amount: int) -> str:
    return f"{amount:,}"


PARTS = (meals, vouchers, budgets, settlements)
