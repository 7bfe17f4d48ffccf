"""Figures 统计: visitors, services, ratings and what the gates did, as numbers and as plots."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Query, Response

from shared import plots
from shared.contracts.model import Code, Id
from shared.queries import View
from shared.web import Call, MinPosition, found

from ..projections import ratings, scan_audit, service_demand, visitor_flow
from ..projections.scope import Days, Scope, days
from . import answers_figures

router = APIRouter(tags=["figures"])


class Svg(Response):
    """A plot."""

    media_type = plots.MEDIA_TYPE


def _days(
    first: Annotated[date, Query(alias="from", description="The first day.", examples=["2026-01-23"])],
    after: Annotated[date, Query(alias="to", description="The day after the last.", examples=["2026-01-24"])],
) -> Days:
    return days(first, after)


def _scope(station_id: Id | None = None, county: Code | None = None, city: Code | None = None) -> Scope:
    return Scope(station_id, county, city)


When: TypeAlias = Annotated[Days, Depends(_days)]
Where: TypeAlias = Annotated[Scope, Depends(_scope)]


@router.get("/visitor-flow", responses={200: {"model": answers_figures.FlowByDay}})
async def flow_by_day(when: When, where: Where, call: Call, min_position: MinPosition = None) -> Response:
    """Visitors by day: entries, counted visits, different members, peak. Of all stations, or as narrowed."""
    async with call.reading(visitor_flow.VISITOR_FLOW, min_position) as view:
        return found(view, await visitor_flow.by_day(view, where, when))


@router.get("/visitor-flow/hours", responses={200: {"model": answers_figures.FlowByHour}})
async def flow_by_hour(day: date, where: Where, call: Call, min_position: MinPosition = None) -> Response:
    """Visitors by hour of one day."""
    async with call.reading(visitor_flow.VISITOR_FLOW, min_position) as view:
        return found(view, await visitor_flow.by_hour(view, where, day))


@router.get("/stations/{station_id}/flow.svg", response_class=Svg)
async def flow_plot(station_id: Id, day: date, call: Call, min_position: MinPosition = None) -> Response:
    """A station's visitors by hour, as a plot."""
    async with call.reading(visitor_flow.VISITOR_FLOW, min_position) as view:
        flow = await visitor_flow.by_hour(view, Scope(station_id), day)
        hours = [row for row in flow["rows"] if row["entries"] or row["peak"]]
        said = "; ".join(f"{r['hour']:02}:00 {r['entries']} entries, at most {r['peak']} inside" for r in hours)
        told = f"{flow['entries']} entries, {flow['members']} members. {said or 'Nobody came.'}"
        entries, inside = ([row[key] for row in flow["rows"]] for key in ("entries", "peak"))
        labels = [f"{row['hour']:02}" for row in flow["rows"]]
        title = f"Visitors of {station_id} on {day.isoformat()}, by hour"
        return _plot(view, plots.bars(title, told, labels, {"entries": entries, "most inside": inside}))


@router.get("/service-demand", responses={200: {"model": answers_figures.ServiceDemand}})
async def demand(when: When, where: Where, call: Call, min_position: MinPosition = None) -> Response:
    """Services used: in all, and by day."""
    async with call.reading(service_demand.SERVICE_DEMAND, min_position) as view:
        services = await service_demand.by_service(view, where, when)
        return found(view, {"services": services, "days": await service_demand.by_day(view, where, when)})


@router.get("/service-demand.svg", response_class=Svg)
async def demand_plot(when: When, where: Where, call: Call, min_position: MinPosition = None) -> Response:
    """Services used, as a plot."""
    async with call.reading(service_demand.SERVICE_DEMAND, min_position) as view:
        services = await service_demand.by_service(view, where, when)
        told = "; ".join(f"{row['service']} {row['qty']}" for row in services) or "No service was used."
        place = where.station_id or where.county or where.city or "all stations"
        title = f"Services used at {place}, {when.first.isoformat()} to before {when.after.isoformat()}"
        labels = [row["service"] for row in services]
        return _plot(view, plots.bars(title, told, labels, {"used": [row["qty"] for row in services]}))


@router.get("/stations/{station_id}/ratings", responses={200: {"model": answers_figures.Ratings}})
async def rated(station_id: Id, when: When, call: Call, min_position: MinPosition = None) -> Response:
    """A station's stars in these days: how many ratings, their mean."""
    async with call.reading(ratings.RATINGS, min_position) as view:
        return found(view, await ratings.of_station(view, station_id, when))


@router.get("/scan-audit", responses={200: {"model": answers_figures.ScanAudit}})
async def audit(
    when: When,
    call: Call,
    station_id: Id | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    after: Annotated[str | None, Query(description="Continue behind this `next`.", max_length=400)] = None,
    min_position: MinPosition = None,
) -> Response:
    """What each gate let in, refused and flagged, by day."""
    async with call.reading(scan_audit.SCAN_AUDIT, min_position) as view:
        rows, following = await scan_audit.audit(view, when, station_id, limit, after)
        return found(view, {"rows": rows, "next": following})


def _plot(view: View, svg: bytes) -> Response:
    return Svg(svg, headers={"ETag": f'"{view.token}"'})
