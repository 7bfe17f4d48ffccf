"""Why checkin says no. The name of a class is its code, and some codes are named like the events of our aggregates.

Refused
├── NotFound
│   └── CodeUnknown         identity
├── CodeExpired             identity
├── CodeRevoked             identity
├── CodeReplayed            identity
├── MemberSuspended         identity
├── DeviceUnregistered      place
├── StationSuspended        place
├── StationClosed           window
├── VisitNotOpen            state
├── AlreadyRated            state
├── StationFull             limit
├── ScanInFuture            the device contradicts itself
├── AlreadyRegistered       the id is taken by other facts
├── RotaConflict            the duty, the date or the person is taken
├── DutyNotAssigned         the duty is not this person's now
├── DeadlineRequired        a demand has no deadline that can be met
├── CategoryUnknown         a demand or a service is of no kind that we know
├── SlotClosed              place: the pool was closed
├── SlotNotStarted          window
├── SlotInPast              window
├── BookingNotEntitled      eligibility
├── BookingDuplicate        state
├── BookingNotCancellable   state
├── BookingNoShow           state
├── ReviewNotDue            window
├── StandardNotInspected    state
├── ReviewAlreadyClosed     state
├── SlotFull                limit
└── PlaceTaken              limit: another pool is there at that time
"""

from __future__ import annotations

from shared.errors import NotFound, Refused


class CodeUnknown(NotFound):
    """No member has this code. Register the member, or show a code of the current app."""


class CodeExpired(Refused):
    """This code is not of this half minute. Show the code that the app shows now, not a picture of an earlier one."""


class CodeRevoked(Refused):
    """This code was withdrawn. Have a new one issued, and show that one."""


class CodeReplayed(Refused):
    """This code has opened a gate already. Wait for the next one, which the app shows within half a minute."""


class MemberSuspended(Refused):
    """The membership is suspended. Ask the union office to reinstate it."""


class DeviceUnregistered(Refused):
    """This gate is not registered at the station for this direction. Have it registered, or use one that is."""


class StationSuspended(Refused):
    """The station is out of service. Choose another station, or have this one resumed."""


class StationClosed(Refused):
    """The station is closed at this time. Look up its hours and come back then."""


class VisitNotOpen(Refused):
    """No visit of this member is open here at this time. Nothing to do: the stay was ended already, or never began."""


class AlreadyRated(Refused):
    """This visit was rated already. One rating counts for each visit; it is not changed afterwards."""


class CategoryUnknown(Refused):
    """This is in no list of ours. Use one of the codes that the detail names, or `other` where there is one."""


class StationFull(Refused):
    """The station is full. Wait for someone to leave, choose another station, or ask the chief for an override."""


class ScanInFuture(Refused):
    """The device says that this happened after it was sent. Set the device's clock and send it again."""


class AlreadyRegistered(Refused):
    """This id is registered with other facts. Use another id, or the command that changes the fact."""


class RotaConflict(Refused):
    """The rota has something else there. Swap that duty, cancel it first, or name another person or date."""


class DutyNotAssigned(Refused):
    """This duty is not yours to do this with now. Look up who is on it and its times in the rota."""


class DeadlineRequired(Refused):
    """A demand is recorded with a time by which it will be met. Set a deadline that is still to come."""


class SlotClosed(Refused):
    """The slot was called off. Book another one."""


class SlotNotStarted(Refused):
    """The slot has not begun. Come back when it begins."""


class SlotInPast(Refused):
    """The slot is over. Book a later one."""


class BookingNotEntitled(Refused):
    """No voucher of this campaign gives the right to book this slot. Look in the wallet until when it is valid."""


class BookingDuplicate(Refused):
    """The member has a booking here already. Cancel that one first, or keep it."""


class BookingNotCancellable(Refused):
    """The slot has begun, or the booking has ended. Nothing to cancel; tell the place if nobody is coming."""


class BookingNoShow(Refused):
    """Nobody came by 15 minutes after the slot's end, so the booking has ended. Book another slot."""


class SlotFull(Refused):
    """Every place of the slot is taken. Choose another slot, or ask to be put on the waiting list."""


class PlaceTaken(Refused):
    """Another slot pool is open at this place and time. Choose another time, or close the other pool first."""


class ReviewNotDue(Refused):
    """What counts in this period may still happen or be told. Close the review from the time on that is named."""


class StandardNotInspected(Refused):
    """Nobody has inspected the eight items of the standard in this period. Record an inspection, then close it."""


class ReviewAlreadyClosed(Refused):
    """The review of this period is closed and its stars are awarded. Look at it, or go on with the next period."""
