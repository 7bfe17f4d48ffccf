"""service_demand: which services were used at which station on which day (C7). Late reports count in their own day."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Date, Integer, Text, func, select

from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange
from shared.queries import View

from ..domain.station import StationRegistered
from ..domain.visits import ServiceUsed
from .scope import Days, Scope, day_of

SERVICE_DEMAND = Projection("service_demand", 1)
DEMAND = SERVICE_DEMAND.table(
    "service_demand",
    Column("station_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("uses", Integer, nullable=False),
    Column("qty", Integer, nullable=False),
)
STATION = SERVICE_DEMAND.table(
    "demand_station",
    Column("station_id", Text, primary_key=True),
    Column("city", Text, nullable=False),
    Column("county", Text, nullable=False),
)


@SERVICE_DEMAND.on(StationRegistered)
def station_registered(event: StationRegistered, row: Recorded) -> list[RowChange]:
    return [Put(STATION, {"station_id": event.station_id, "city": event.city, "county": event.county})]


@SERVICE_DEMAND.on(ServiceUsed)
def service_used(event: ServiceUsed, row: Recorded) -> list[RowChange]:
    key = {"station_id": event.station_id, "day": day_of(event.at), "service": event.service}
    return [Add(DEMAND, {**key, "uses": 1, "qty": event.qty})]


async def by_service(view: View, scope: Scope, wanted: Days) -> list[dict[str, Any]]:
    """Each service that was used, the most used first."""
    uses, qty = func.sum(DEMAND.c.uses), func.sum(DEMAND.c.qty)
    query = select(DEMAND.c.service, uses, qty).where(*_within(scope, wanted)).group_by(DEMAND.c.service)
    found = await view.db.execute(query.order_by(qty.desc(), DEMAND.c.service))
    return [{"service": service, "uses": int(times), "qty": int(total)} for service, times, total in found]


async def by_day(view: View, scope: Scope, wanted: Days) -> list[dict[str, Any]]:
    """Each day and service."""
    columns = DEMAND.c.day, DEMAND.c.service
    query = select(*columns, func.sum(DEMAND.c.uses), func.sum(DEMAND.c.qty)).where(*_within(scope, wanted))
    found = await view.db.execute(query.group_by(*columns).order_by(*columns))
    return [
        {"day": day.isoformat(), "service": service, "uses": int(times), "qty": int(total)}
        for day, service, times, total in found
    ]


def _within(scope: Scope, wanted: Days) -> list[Any]:
    return [scope.of(DEMAND.c.station_id, STATION), DEMAND.c.day >= wanted.first, DEMAND.c.day < wanted.after]
