"""What came of the day, asked by HTTP as anybody would, beside what should have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.table import Table

from scenario.doors import Doors
from scenario.script import Day
from shared.clock import CHINA

Facts = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """One expected value. `why` says why it is not yet that of the whole day."""

    area: str
    query: str
    name: str
    day: Any
    now: Any
    why: str = ""


def expected(day: Day) -> list[Figure]:
    """Every figure of the day file, those of single steps first."""
    at_once = day.data["at_once"].items()
    found = [
        Figure(f"step {step}", "", name, value, value) for step, values in at_once for name, value in values.items()
    ]
    for row in day.data["expected"]:
        for name, value in row.get("figures", {}).items():
            both = value if isinstance(value, dict) else {"day": value, "now": value}
            why = row.get("because", "") if both["day"] != both["now"] else ""
            found.append(Figure(row["area"], row["query"], name, both["day"], both["now"], why))
    return found


async def facts(doors: Doors, day: Day) -> Facts:
    """Every value that the services tell."""
    parts = await asyncio.gather(_stations(doors, day), _visits(doors, day), _reports(doors, day), _points(doors, day))
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


def differing(figures: list[Figure], found: Facts) -> list[Figure]:
    return [figure for figure in figures if found.get(figure.name) != figure.now]


def table(figures: list[Figure], found: Facts) -> Table:
    """One line a figure."""
    drawn = Table(title="Expected and found", title_justify="left")
    for heading in ("", "figure", "whole day", "expected now", "found", ""):
        drawn.add_column(heading)
    for figure, area in zip(figures, _once([figure.area for figure in figures]), strict=True):
        actual = found.get(figure.name)
        day = "" if figure.day == figure.now else str(figure.day)
        drawn.add_row(area, figure.name, day, str(figure.now), str(actual), "ok" if actual == figure.now else "NO")
    return drawn


def _once(areas: list[str]) -> Iterator[str]:
    """Each name where it begins, and nothing below it."""
    for before, area in zip(["", *areas], areas, strict=False):
        yield area if area != before else ""
