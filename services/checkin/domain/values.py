"""The numbers checkin goes by, each in one place. [S] is given by the sources, [P] proposed where they are silent."""

from __future__ import annotations

from datetime import time, timedelta

CLOCK_TOLERANCE = timedelta(seconds=120)  # K4: a device's clock may be this wrong, either way, without being corrected
OLDEST_UPLOAD = timedelta(days=3653)  # [P] K4: what a device has kept for longer is a mistake of its clock
LATENESS_WINDOW = timedelta(hours=72)  # K5: what is reported later is recorded, but nothing reacts to it
MAX_STAY_MIN = 240  # [P] CK3: the default of a station that names none
LONGEST_STAY_MIN = 1440  # [P] the most a station may name; a month's books then need only the month before
COUNTING_PAUSE = timedelta(minutes=30)  # [P] CK4: whoever comes back sooner is not counted again
FASTEST_KMH = 90  # [P] CK2: faster between two stations is flagged
UPLOAD_GRACE = timedelta(minutes=10)  # [P] an offline entry waits this long for the exit of the same upload
DAILY_PATROL_PEOPLE = 2  # [S] CK11: a daily patrol has one or two volunteers
CHIEF_NAMED_BY = time(20, 0)  # CK10: on the day before; else the gap is told
CHIEF_GRACE = timedelta(minutes=30)  # CK10: after the opening, or after being told; then the duty is missed
ALWAYS_OPEN_START = time(9, 0)  # CK10: by when the chief of a station that is always open has started
CHIEF_EARLY = timedelta(minutes=60)  # [P] how long before its window a duty may be started
CHIEF_OVERTIME = timedelta(minutes=60)  # [P] after its window a duty that nobody ended is ended by time
REPORT_WITHIN = timedelta(hours=24)  # CK11: after the window; a patrol without an accepted report is then missed
ROTA_AHEAD_MONTHS = 3  # [P] how many months after the present one a rota may name people for
DEMAND_CATEGORIES = frozenset(  # the first six [S] C3 leaves unnamed and the day names; the others [P]
    ["charging", "injury_insurance", "meals", "rest", "legal", "training", "wages", "health", "facilities", "other"]
)
STATE_TTL_S = 300  # [S] CK8: a reported state is believed this long, unless the report says otherwise
LONGEST_TTL_S = 86_400  # [P] the most a report may ask to be believed
SAFETY_SUBSYSTEMS = frozenset({"energy", "fire", "gas"})  # [P] a fault of these is a major alarm, else a general one
LOOK_AHEAD_DAYS = 400  # [P] how far ahead the next opening and closing are looked for
MAJOR_FIX_WITHIN = timedelta(hours=4)  # [S] GR11: the notice of a major hazard is due this long after it is issued
WALK_15_MIN_M = 1_200  # [P] metres in 15 minutes [S] on foot, at 80 metres a minute: the radius of the service circle
BOOKING_GRACE = timedelta(minutes=15)  # CK9: who has not come by so long after the slot's end has not come
POOL_CAPACITY_MOST = 500  # [P] places of one pool: closing it is one decision over everybody in it
POOL_AHEAD = timedelta(days=366)  # [P] how far ahead a pool may lie
WAITING_LIST_MOST = 500  # [P] of one pool, for the same reason
CODE_STEP = timedelta(seconds=30)  # [S] CK7: the member code changes this often
CODE_WINDOW = 1  # [S] CK7: steps before and after the present one that are accepted, too
SECOND_TAP = timedelta(seconds=5)  # [P] E13: so soon, at the same gate, it is the same hand that shows a code again
CODE_MAC_BYTES = 10  # [P] of the HMAC that a code shows: 80 bits, 16 characters in a QR code
RATING_WINDOW = timedelta(days=7)  # [P] a visit may be rated for so long after its end
SERVICES = frozenset(  # [S] C7 names the first; a closed list, so that demand can be compared between stations
    [
        "swap",
        "charge",
        "water",
        "meal",
        "health_check",
        "legal_advice",
        "haircut",
        "rest",
        "medicine",
        "reading",
        "repair",
        "counselling",
        "training",
    ]
)
MOST_SERVICES = 1_000  # [P] units of a service in one use: more is a slip of the finger
STANDARD_ITEMS = (  # [S] CK12, C5: the eight that a station has 八有
    "sign",
    "rules_posted",
    "tables_chairs",
    "toilet",
    "basic_appliances",
    "medicine_tools",
    "books",
    "person_in_charge",
)
REVIEW_PERIOD = ("Q", 3)  # [P] CK12: how many months a star review is about, and the letter of its periods: 2026-Q1
REVIEW_AFTER = timedelta(hours=72)  # [P] CK12: after the period; by K5 and CK11 all that counts is told by then
POINTS_ITEM = 5  # [P] CK12, as all that follows: for each item of the standard that is passed
POINTS_STAR = 6  # for each star of the mean that visitors gave
STARS_UNRATED = 3  # the mean where nobody rated
POINTS_PATROLS = 20  # when all scheduled patrols are fulfilled
POINTS_DEMANDS = 10  # when all demands that fell due are closed in time, and when none fell due
POINTS_OVERDUE, MOST_OVERDUE = 5, 20  # taken off for each overdue rectification, and for all of them at most
STAR_STEPS = ((90, 5), (80, 4), (70, 3), (60, 2))  # from so many points on so many stars; below all of them one
STARS_CAPPED = 3  # at most, when an item of the standard failed
SATISFIED_FROM = 4  # GR7: stars of an answer to a case

# Not rules, but bounds of what states remember.
RECENT_VISITS = 8  # of a member: enough to place a late scan among its neighbours
MOST_VISITS = 64  # of a member within the time for rating them; whoever comes more often has the last ones
POOL_BOOKINGS_KEPT = 2_000  # of a pool: twice those that can count, so only the oldest cancelled ones are forgotten
KEYS_KEPT = 64  # of a member's withdrawn keys; an older one is withdrawn as well, without saying since when
CODES_KEPT = 16  # of a member's used codes; a gate that is online still accepts those of three steps only
DEPARTURES_KEPT = 256  # of a station: enough to tell how full it was when an offline gate let someone in
SUBSYSTEMS_KEPT = 32  # of a station; the sources count eight
FACILITIES_KEPT = 64  # of a station
SETTLED_KEPT = 512  # closed rectifications of a station, the last ones
NAME_LENGTH = 80  # characters of a station's name
WEEKLY_INTERVALS = 70  # of a station's hours; with the next line, what is published of them stays small
EXCEPTIONS_KEPT = 400  # dates, of a station's hours: more than a year ahead
INTERVALS_A_DAY = 10  # of one exception
