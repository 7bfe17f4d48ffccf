"""The registry names every event that crosses a border, and every service does what it says there."""

from __future__ import annotations

from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path
from types import ModuleType

import pytest

import shared.contracts
from shared.contracts import answers
from shared.contracts.event_type import EventType, topics
from shared.contracts.model import Contract
from shared.contracts.registry import ANSWER_TYPES, BY_TYPE, EVENTS, PRODUCERS, SERVICES, stored_type, taken_by
from tests.contracts.stored import own_events, service_names, service_of

FILES = [path.stem for path in Path(next(iter(shared.contracts.__path__))).glob("*.py")]
IDS = [event.type for event in EVENTS]


def modules_of(service: str) -> list[ModuleType]:
    """Where a service's contracts are: in `checkin.py`, and in `checkin_<area>.py` where one file would be too long."""
    names = [name for name in FILES if name == service or name.startswith(f"{service}_")]
    return [import_module(f"shared.contracts.{name}") for name in names]


def contracts_in(module: ModuleType) -> set[type[Contract]]:
    """The contracts defined there, without those that are only part of another one."""
    found = {c for _, c in getmembers(module, isclass) if issubclass(c, Contract) and c.__module__ == module.__name__}
    parts = {part for contract in found for part in contract.model_json_schema().get("$defs", {})}
    return {contract for contract in found if contract.__name__ not in parts}


def registered(service: str, direction: str) -> dict[type[Contract], EventType]:
    return {event.model: event for event in EVENTS if (event.service, event.direction) == (service, direction)}


def test_every_service_of_the_tree_is_in_the_registry() -> None:
    assert sorted(service_names()) == sorted(SERVICES)


@pytest.mark.parametrize("service", PRODUCERS)
def test_every_service_has_its_contracts_module(service: str) -> None:
    assert service in FILES


@pytest.mark.parametrize("service", PRODUCERS)
def test_every_contract_is_in_the_registry(service: str) -> None:
    written = {contract for module in modules_of(service) for contract in contracts_in(module)}
    assert written == {event.model for event in EVENTS if event.service == service}


def test_every_answer_is_in_the_registry() -> None:
    assert contracts_in(answers) == set(ANSWER_TYPES)


def test_no_type_is_registered_twice() -> None:
    assert len(BY_TYPE) == len(EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=IDS)
def test_the_key_is_a_field_that_is_always_there(event: EventType) -> None:
    field = event.model.model_fields.get(event.key)
    assert field is not None, f"{event.model.__name__} has no field {event.key}"
    assert field.is_required()
    assert field.annotation is str


@pytest.mark.parametrize("event", EVENTS, ids=IDS)
def test_who_takes_an_event_is_another_service_that_exists(event: EventType) -> None:
    assert set(event.consumers) <= set(SERVICES) - {event.service}
    assert event.direction == "published" or event.consumers == (), "an intake event is for its own service alone"


@pytest.mark.parametrize("event", EVENTS, ids=IDS)
def test_an_event_travels_on_a_topic_of_its_service(event: EventType) -> None:
    assert event.topic in {topic.name for topic in topics(event.service)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_a_command_for_every_event_of_its_intake(service: str) -> None:
    assert set(service_of(service).messaging.intake.commands) == set(registered(service, "intake"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reacts_to_what_others_publish_for_it_and_to_nothing_else(service: str) -> None:
    parts = service_of(service)
    causes = {stored_type(cause) for cause in parts.messaging.policies.reactions}
    shown = {type_name for projection in parts.projections for type_name in projection.rules}
    own = {event.__name__ for decider in parts.handlers.deciders for event in decider.events}
    from_others = {name for name, event in taken_by(service).items() if event.direction == "published"}
    assert (causes | shown) - own == from_others, "policies, projections and the registry's consumers must agree"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_publishes_what_the_registry_says_under_the_key_it_says(service: str) -> None:
    publishing, expected = service_of(service).messaging.publishing, registered(service, "published")
    published = set()
    for stored in own_events(service_of(service)):
        for event in (stored.full, stored.sparse):
            sent = publishing.publish(event, "entity1")
            if sent is not None:
                assert getattr(sent.data, expected[type(sent.data)].key) == sent.key
                published.add(type(sent.data))
    assert published == set(expected)


@pytest.mark.parametrize("service", SERVICES)
def test_only_events_of_the_service_are_published(service: str) -> None:
    parts = service_of(service)
    own = {event for decider in parts.handlers.deciders for event in decider.events}
    assert parts.messaging.publishing.events <= own


@pytest.mark.parametrize("service", SERVICES)
def test_every_timer_belongs_to_an_aggregate_of_the_service(service: str) -> None:
    parts = service_of(service)
    categories = {decider.category for decider in parts.handlers.deciders}
    assert {category for category, _name in parts.messaging.timers} <= categories
