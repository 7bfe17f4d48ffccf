"""Whether what a campaign says can be kept: checked when it is drafted, so that what is published holds together."""

from __future__ import annotations

from itertools import pairwise

from shared.errors import ValidationFailed

from .terms import Phase, Terms


def check(terms: Terms) -> None:
    """Raises `ValidationFailed`, which names the field."""
    if terms.starts_at >= terms.ends_at:
        raise ValidationFailed("It must end after it starts.", field="ends_at")
    if terms.face_fen < 1:
        raise ValidationFailed("What the union pays must be at least one fen.", field="face_fen")
    if (terms.window_from is None) != (terms.window_to is None):
        raise ValidationFailed("A window has a beginning and an end.", field="window_to")
    if terms.window_from is not None and terms.window_from == terms.window_to:
        raise ValidationFailed("A window has a length. Leave both out for the whole day.", field="window_to")
    if terms.valid_until is not None and terms.valid_until <= terms.starts_at:
        raise ValidationFailed("Vouchers must be good for some time.", field="valid_until")
    if terms.kind != "meal" and (terms.worker_fen or terms.canteen_fen):
        raise ValidationFailed("Only a meal's price has these parts.", field="worker_fen")
    if terms.kind == "meal" and (terms.collect or terms.valid_until is not None):
        raise ValidationFailed("A meal has no voucher that could be collected or expire.", field="collect")
    if terms.kind == "reward" and terms.stations:
        raise ValidationFailed("A reward is bound to no station.", field="stations")
    _check_phases(terms)


def _check_phases(terms: Terms) -> None:
    """WF11: no moment is in two phases, and none is outside the campaign."""
    if bool(terms.phases) != (terms.kind == "phased"):
        raise ValidationFailed("A phased campaign has phases, and no other has.", field="phases")
    if len({phase.phase_id for phase in terms.phases}) < len(terms.phases):
        raise ValidationFailed("Two phases have one id.", field="phases")
    if any(phase.starts_at >= phase.ends_at for phase in terms.phases):
        raise ValidationFailed("A phase must end after it starts.", field="phases")
    if any(phase.starts_at < terms.starts_at or phase.ends_at > terms.ends_at for phase in terms.phases):
        raise ValidationFailed("A phase must lie within the campaign.", field="phases")
    ordered: list[Phase] = sorted(terms.phases, key=lambda phase: phase.starts_at)
    if any(after.starts_at < before.ends_at for before, after in pairwise(ordered)):
        raise ValidationFailed("Phases must not overlap.", field="phases")
