"""Every number a rule of welfare goes by, in one place.

[S] is given by the source documents, [P] is proposed by us because they leave it open. Money is integer fen 分 (K1).
"""

from __future__ import annotations

from datetime import time, timedelta

# Budgets
THRESHOLDS = (80, 95)  # [P] percent of what was allocated, at which the owner of a budget is told

# The 3-2-1 breakfast 321惠民早餐 (WF2): what a meal campaign pays unless it says otherwise
UNION_FEN, WORKER_FEN, CANTEEN_FEN = 300, 200, 100  # [S] of a price of 600
BREAKFAST_FROM, BREAKFAST_TO = time(6), time(8, 30)  # [P] half-open

# Campaigns 活动
PART_SIZE = 500  # [P] members in one part of a target list
GRANTED_AT_ONCE = 100  # [P] members of a list that one command answers

# Vouchers 代金券
TILL_RESERVATION = timedelta(minutes=15)  # WF5
COLLECTION_GRACE = timedelta(minutes=15)  # WF5: after the end of the booked slot
FREED_AT_ONCE = 100  # [P] holds at a suspended merchant that one command releases
REVERSAL_WINDOW = timedelta(hours=7 * 24)  # WF7

# Settlement 结算
CUT_OFF = time(22)  # WF8, in China

# Lateness
REACTION_WINDOW = timedelta(hours=72)  # [P] K5: a visit told later than this earns nothing
CLOCK_TOLERANCE = timedelta(seconds=120)  # [P] K4: a device may be this far off before its offset is applied
OLDEST_UPLOAD = timedelta(days=3653)  # [P] K4: what a device has kept for longer is a mistake of its clock

# The refund ledger 免申即享 (WF10)
PATH_C_LIMIT_FEN = 1_000_000  # [S] of a yearly payment; the limit itself is still within it (2.7, 6)
LEDGER_SHARDS = 16  # streams of each ledger's lines; lines that are stored are found by it, so it stays as it is
ACCOUNT_DIGITS = range(9, 31)  # [P] how long the number of a bank account may be

# Courses 点单 (WF12)
BALLOT_COURSES_MOST = 50  # [P] that one ballot has
COURSE_PLACES_MOST = 500  # [P] of one course, as checkin opens no larger slot pool
COURSE_AHEAD = timedelta(days=366)  # [P] how far ahead a course may lie, as slot pools do
RATING_WINDOW = timedelta(days=7)  # from when the member came
RATING_WAIT = REACTION_WINDOW  # [P] for the attendance that a rating is told before
