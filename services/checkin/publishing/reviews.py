"""What others are told about star reviews 星级评定: the stars and why there are not more."""

from __future__ import annotations

from shared.contracts import checkin_stations as contracts
from shared.publishing import Publishing

from ..domain.review import StarRatingAwarded

PUBLISHING = Publishing()


@PUBLISHING.on(StarRatingAwarded, key=lambda event, _review: event.station_id)
def star_rating_awarded(event: StarRatingAwarded, entity: str) -> contracts.StarRatingAwarded:
    return contracts.StarRatingAwarded(
        station_id=event.station_id,
        period=event.period,
        score_e2=event.score_e2,
        stars=event.stars,
        caps=list(event.caps),
        awarded_at=event.at,
    )
