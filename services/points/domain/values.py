"""Every number a rule of points goes by, in one place.

[S] is given by the source documents, [P] is proposed by us because they leave it open.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import timedelta

# What one accepted report pays, unless the published rules say otherwise (PT1).
DAILY_POINTS = 2  # [S]
WEEKLY_POINTS = DAILY_POINTS  # [P] the sources name no value for the weekly full patrol
KEY_PERIOD_POINTS = 3  # [S] instead of the daily or weekly value
SPECIAL_POINTS = 4  # [S]
HAZARD_POINTS = 2  # [S]

PAID_REPORTS_PER_DAILY_DUTY = 2  # [S] a daily patrol has 1-2 volunteers (PT2)
LOT_MONTHS = 12  # [P] full months after the month of earning in which a lot can still be spent (PT5)

PRESENCE_OVERLAP = timedelta(minutes=5)  # [P] of one visit with the patrol, to prove that the volunteer was there (PT3)
DUTY_WAIT = timedelta(minutes=15)  # [P] until a report whose duty nobody has told us of is quarantined
PRESENCE_WAIT = timedelta(minutes=15)  # [P] until a report without proof goes to its leader (amendment 5)
PAID_PATROLS_PER_DAY = 3  # [P] of one volunteer, by the day in China on which each begins (PT2)
LONGEST_PATROL = timedelta(hours=24)  # [P] so that a patrol is in two days at most
REVIEW_WAIT = timedelta(hours=48)  # until a report that its leader has not reviewed goes to a union officer (PT3)
CORRECTION_WAIT = timedelta(hours=48)  # [P] for the volunteer to correct a report that was returned (PT3)
PRESENCE_KEPT = timedelta(days=8)  # [P] how far back visits are remembered: well beyond what lateness lets count
REACTION_WINDOW = timedelta(hours=72)  # [P] a report that comes later than this is recorded and pays nothing (K5)
CLOCK_TOLERANCE = timedelta(seconds=120)  # [P] a device may be this far ahead before it is not believed (K4)
OLDEST_UPLOAD = timedelta(days=3653)  # [P] K4: what a device has kept for longer is a mistake of its clock

# The points supermarket 积分超市
HOLD_LASTS = timedelta(minutes=5)  # [P] of points and unit, from the request until the machine's word (PT7, PT11)
REFUND_LASTS = timedelta(days=30)  # [P] of a lot that stands in for an expired one (PT8)
LEVELS = (10, 50, 150, 400)  # [P] points of a lifetime from which level 1, 2, 3, 4 is reached (PT10)
BANDS = (0, 20, 50, 100)  # [P] prices from which goods are of band 1, 2, 3, 4 (PT10)
MACHINE_TTL = timedelta(
    minutes=5
)  # [P] a machine that was not heard of for so long is offline, unless it says otherwise


def level_of(lifetime: int) -> int:
    """PT10: 0 below the first threshold; a threshold belongs to the level it opens (E29)."""
    return bisect_right(LEVELS, lifetime)


def band_of(points: int) -> int:
    """PT10: the band of a price, and equally the band that available points reach."""
    return bisect_right(BANDS, points)
