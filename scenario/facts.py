"""What came of the day, asked by HTTP as anybody would."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from scenario import welfare_facts
from scenario.doors import Doors
from scenario.script import Day
from shared.clock import CHINA

Facts = dict[str, Any]


async def facts(doors: Doors, day: Day) -> Facts:
    """Every value that the services tell."""
    parts = await asyncio.gather(*[of(doors, day) for of in PARTS])
    return {name: value for part in parts for name, value in part.items()}


async def _stations(doors: Doors, day: Day) -> Facts:
    date = str(day.data["day"])
    flows = {s: await doors.ask("checkin", f"/stations/{s}/flow", day=date) for s in day.data["stations"]}
    total: Callable[[str], int] = lambda name: sum(flow[name] for flow in flows.values())  # noqa: E731
    found: Facts = {f"visits_{station}": flow["visits"] for station, flow in flows.items()}
    for time in ("06:40:30", "09:00", "21:00", "22:00"):
        live = await doors.ask("checkin", "/stations/S1/live", at=day.at(time).isoformat())
        found[f"inside_{time}"] = live["occupancy"]
    sums = ("visits", "counted", "duplicates_ignored", "clock_corrected", "auto_ended")
    own = {f"{name}_S1": flows["S1"][name] for name in ("peak", "person_minutes")}
    return {**found, **own, **{name: total(name) for name in sums}}


async def _visits(doors: Doors, day: Day) -> Facts:
    visits = [visit async for visit in _all_visits(doors, day)]
    told = {f"visit_of_{v['member_id']}": _stay(v) for v in visits}
    first, last = day.at("05:35"), day.at("06:45")
    morning = [v for v in visits if v["station_id"] == "S1" and first <= _moment(v["started_at"]) <= last]
    return {
        "members": len({v["member_id"] for v in visits}),
        "visits_of_step_2": len(morning),
        **{name: told.get(name) for name in ("visit_of_W16", "visit_of_W17", "visit_of_W18")},
    }


async def _all_visits(doors: Doors, day: Day) -> Any:
    for member in day.data["members"]:
        for visit in (await doors.ask("checkin", f"/members/{member}/visits"))["visits"]:
            if day.at("00:00") <= _moment(visit["started_at"]) <= day.at("23:59:59"):
                yield visit


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _stay(visit: Mapping[str, Any]) -> str:
    start, end = (_moment(visit[name]).astimezone(CHINA) for name in ("started_at", "ends_at"))
    corrected = ", clock corrected" if visit["clock_corrected"] else ""
    return f"{start:%H:%M}-{end:%H:%M} {visit['exit_kind']}{corrected}"


async def _reports(doors: Doors, day: Day) -> Facts:
    reports = {f"report_{d}_{who}": await _report(doors, name) for (d, who), name in day.reports.items()}
    accepted = [report for report in reports.values() if report["state"] == "accepted"]
    return {
        **{name: f"{r['kind_paid']} {r['points']} {r['decided_by']}" for name, r in reports.items()},
        "accepted_reports": len(accepted),
        "accepted_automatically": sum(report["decided_by"] == "automatic" for report in accepted),
    }


async def _report(doors: Doors, report_id: str) -> dict[str, Any]:
    return await doors.ask("points", f"/patrol-reports/{report_id}")


async def _points(doors: Doors, day: Day) -> Facts:
    found: Facts = {}
    earned = {"earned_patrol": 0, "earned_hazard": 0}
    kinds = {f"patrol:{r}": (await _report(doors, r))["kind_paid"] for r in day.reports.values()}
    for who in day.data["people"]:
        account = f"/accounts/{day.member(who)}"
        balance = await doors.ask("points", f"{account}/balance")
        found[f"balance_{who}"], found[f"lifetime_{who}"] = balance["available"], balance["lifetime"]
        lots = sorted(balance["lots"], key=lambda lot: lot["earned_at"])
        left = [f"{kinds.get(lot['lot_id'], lot['reason'])} {lot['remaining']}" for lot in lots]
        found[f"lots_{who}"] = ", ".join(left)
        for line in (await doors.ask("points", f"{account}/statement"))["lines"]:
            if line["kind"] in earned:
                earned[line["kind"]] += line["points"]
    month = f"{day.at('00:00'):%Y-%m}"
    ranking = (await doors.ask("points", "/leaderboard", month=month))["ranking"]
    found["earned"] = sum(line["points"] for line in ranking)
    found["balances"] = sum(found[f"balance_{who}"] for who in day.data["people"])
    return {**found, **earned}


async def _duties(doors: Doors, day: Day) -> Facts:
    """Of the day itself: chiefs by the week of the rota, patrols by their coverage."""
    date = str(day.data["day"])
    weeks = [await doors.ask("checkin", f"/stations/{s}/rota", week_of=date) for s in day.data["stations"]]
    chiefs = [one for week in weeks for one in week["stations"][0]["days"] if one["date"] == date]
    covered = (await doors.ask("checkin", "/patrol-coverage", from_day=date, to_day=date))["stations"]
    patrols = [kind for station in covered for kind in station["weeks"]]
    missed = [one for one in chiefs if one["missed_at"]]
    return {
        "chiefs_completed": sum(one["state"] == "completed" for one in chiefs),
        "patrols_fulfilled": sum(kind["fulfilled"] for kind in patrols),
        "duties_missed": len(missed) + sum(kind["missed"] for kind in patrols),
    }


async def _demands(doors: Doors, _day: Day) -> Facts:
    told = await doors.ask("checkin", "/demands/figures")
    names = ("recorded", "closed", "open")
    return {**{f"demands_{name}": told[name] for name in names}, "demand_categories": len(told["categories"])}


async def _stars(doors: Doors, day: Day) -> Facts:
    days = {"from": str(day.data["day"]), "to": str(day.ends.astimezone(CHINA).date())}
    stars = {s: await doors.ask("checkin", f"/stations/{s}/ratings", **days) for s in day.data["stations"]}
    return {f"stars_{station}": told["mean"] for station, told in stars.items()}


async def _services(doors: Doors, day: Day) -> Facts:
    days = {"from": str(day.data["day"]), "to": str(day.ends.astimezone(CHINA).date())}
    used: Counter[str] = Counter()
    for row in (await doors.ask("checkin", "/service-demand", **days))["days"]:
        used[row["service"]] += row["qty"]
    return {"services_used": ", ".join(f"{service} {count}" for service, count in sorted(used.items()))}


async def _bookings(doors: Doors, day: Day) -> Facts:
    states: dict[str, list[str]] = {}
    for pool in day.data["pools"]:
        for booking in (await doors.ask("checkin", f"/slot-pools/{pool}/bookings"))["bookings"]:
            states.setdefault(booking["status"], []).append(booking["member_id"])
    return {f"bookings_{state}": " ".join(sorted(states.get(state, []))) for state in ("attended", "no_show")}


async def _facilities(doors: Doors, day: Day) -> Facts:
    """Which facilities were ever held, and which are at the end."""
    cards = {s: await doors.ask("checkin", f"/stations/{s}/card") for s in day.data["stations"]}
    return {f"out_of_service_{s}": " ".join(card["out_of_service"]) or "none" for s, card in cards.items()}


async def _hazards(doors: Doors, _day: Day) -> Facts:
    hazards = (await doors.ask("points", "/hazards"))["hazards"]
    return {
        "hazards": len(hazards),
        "hazards_accepted": sum(hazard["state"] == "accepted" for hazard in hazards),
        "hazards_dismissed": sum(hazard["code"] == "DISMISSED" for hazard in hazards),
        "hazards_duplicate": sum(hazard["code"] == "DUPLICATE" for hazard in hazards),
    }


async def _goods(doors: Doors, day: Day) -> Facts:
    shelves = [await doors.ask("points", f"/machines/{machine}/shelf") for machine in day.data["machines"]]
    goods = {item["item_id"]: item for shelf in shelves for item in shelf["goods"]}
    soap = f"{goods['soap']['sellable']} / {goods['soap']['blocked']}"
    return {"towel": goods["towel"]["sellable"], "soap": soap, "thermos": goods["thermos"]["sellable"]}


async def _refusals(doors: Doors, _day: Day) -> Facts:
    """All of them, so that one which nobody expects is seen, too."""
    return {"refused": ", ".join(f"{code} {count}" for code, count in await doors.refusals())}


PARTS = (
    _stations,
    _visits,
    _reports,
    _points,
    _duties,
    _demands,
    _stars,
    _services,
    _bookings,
    _facilities,
    _hazards,
    _goods,
    _refusals,
    *welfare_facts.PARTS,
)
