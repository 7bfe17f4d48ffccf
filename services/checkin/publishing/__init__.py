"""What other services are told; what is not named here stays private."""

from __future__ import annotations

from shared.publishing import Publishing

from . import bookings, demands, duties, members, reviews, stations, visits

PUBLISHING = Publishing().including(
    members.PUBLISHING,
    visits.PUBLISHING,
    stations.PUBLISHING,
    duties.PUBLISHING,
    demands.PUBLISHING,
    bookings.PUBLISHING,
    reviews.PUBLISHING,
)
