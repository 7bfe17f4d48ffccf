"""The numbers checkin goes by, each in one place. [S] is given by the sources, [P] proposed where they are silent."""

from __future__ import annotations

from datetime import timedelta

CLOCK_TOLERANCE = timedelta(seconds=120)  # K4: a device's clock may be this wrong, either way, without being corrected
LATENESS_WINDOW = timedelta(hours=72)  # K5: what is reported later is recorded, but nothing reacts to it
MAX_STAY_MIN = 240  # [P] CK3: the default of a station that names none
LONGEST_STAY_MIN = 1440  # [P] the most a station may name; a month's books then need only the month before
COUNTING_PAUSE = timedelta(minutes=30)  # [P] CK4: whoever comes back sooner is not counted again
FASTEST_KMH = 90  # [P] CK2: faster between two stations is flagged
UPLOAD_GRACE = timedelta(minutes=10)  # [P] an offline entry waits this long for the exit of the same upload
DAILY_PATROL_PEOPLE = 2  # [S] CK11: a daily patrol has one or two volunteers

# Not rules, but bounds of what states remember.
RECENT_VISITS = 8  # of a member: enough to place a late scan among its neighbours
DEPARTURES_KEPT = 256  # of a station: enough to tell how full it was when an offline gate let someone in
