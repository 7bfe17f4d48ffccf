"""Which journey is answered which codes by a real service. `conftest.py` sees to it that what stands here is true.

`tests/architecture/test_codes_have_tests.py` names the codes of checkin and points that are in no line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Codes: TypeAlias = Mapping[str, str]  # by service

BY_HTTP: Mapping[str, Codes] = {
    "test_visits_for_real": {
        "checkin": """CODE_UNKNOWN CODE_EXPIRED CODE_REVOKED CODE_REPLAYED MEMBER_SUSPENDED DEVICE_UNREGISTERED
            STATION_SUSPENDED STATION_CLOSED STATION_FULL SCAN_IN_FUTURE VISIT_NOT_OPEN ALREADY_RATED
            CATEGORY_UNKNOWN"""
    },
    "test_stations": {"checkin": "ALREADY_REGISTERED"},
    "test_bookings": {
        "checkin": """SLOT_FULL SLOT_IN_PAST SLOT_NOT_STARTED SLOT_CLOSED PLACE_TAKEN BOOKING_DUPLICATE
            BOOKING_NOT_ENTITLED BOOKING_NOT_CANCELLABLE BOOKING_NO_SHOW"""
    },
    "test_rota_and_demands": {"checkin": "ROTA_CONFLICT DUTY_NOT_ASSIGNED DEADLINE_REQUIRED"},
    "test_reviews": {"checkin": "REVIEW_NOT_DUE STANDARD_NOT_INSPECTED REVIEW_ALREADY_CLOSED"},
    "test_patrols_and_hazards": {
        "points": """DUTY_NOT_ASSIGNED DUTY_SLOT_FILLED OVERLAPPING_PATROL CHECKLIST_INCOMPLETE SELF_REVIEW
            REPORT_NOT_REVIEWABLE NO_RULES_IN_FORCE RULES_OVERLAP TEAM_EXISTS TEAM_IS_DISBANDED IN_ANOTHER_TEAM
            NOT_IN_TEAM LEADER_MUST_STAY"""
    },
    "test_points_supermarket": {
        "points": """INSUFFICIENT_POINTS OUT_OF_STOCK BAND_NOT_REACHED HOLD_EXPIRED MACHINE_OFFLINE MEMBER_SUSPENDED
            ALREADY_EARNED NOTHING_TO_REFUND TRANSFER_NOT_ALLOWED"""
    },
}
BY_KAFKA: Mapping[str, Codes] = {
    "test_visits_for_real": {
        "checkin": """CODE_UNKNOWN CODE_EXPIRED CODE_REVOKED CODE_REPLAYED MEMBER_SUSPENDED DEVICE_UNREGISTERED
            STATION_SUSPENDED STATION_CLOSED STATION_FULL SCAN_IN_FUTURE VISIT_NOT_OPEN CATEGORY_UNKNOWN"""
    },
    "test_bookings": {"checkin": "SLOT_FULL SLOT_NOT_STARTED BOOKING_NO_SHOW"},
    "test_rota_and_demands": {"checkin": "ALREADY_REGISTERED DUTY_NOT_ASSIGNED DEADLINE_REQUIRED"},
    "test_patrols_and_hazards": {
        "points": "DUTY_NOT_ASSIGNED DUTY_SLOT_FILLED OVERLAPPING_PATROL CHECKLIST_INCOMPLETE"
    },
    "test_points_supermarket": {
        "points": """INSUFFICIENT_POINTS OUT_OF_STOCK BAND_NOT_REACHED HOLD_EXPIRED MACHINE_OFFLINE
            MEMBER_SUSPENDED"""
    },
}
NOT_OF_INTAKE: Codes = {  # what only people are answered, whose commands come by HTTP alone
    "checkin": """ALREADY_RATED SLOT_IN_PAST SLOT_CLOSED PLACE_TAKEN BOOKING_DUPLICATE BOOKING_NOT_ENTITLED
        BOOKING_NOT_CANCELLABLE ROTA_CONFLICT REVIEW_NOT_DUE STANDARD_NOT_INSPECTED REVIEW_ALREADY_CLOSED""",
    "points": """SELF_REVIEW REPORT_NOT_REVIEWABLE NO_RULES_IN_FORCE RULES_OVERLAP TEAM_EXISTS TEAM_IS_DISBANDED
        IN_ANOTHER_TEAM NOT_IN_TEAM LEADER_MUST_STAY ALREADY_EARNED NOTHING_TO_REFUND TRANSFER_NOT_ALLOWED""",
}
