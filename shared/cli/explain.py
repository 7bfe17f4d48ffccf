"""`yizhan explain`: where a fact came from and what it led to, across services, as a tree of causes."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.tree import Tree

from shared.cli.causes import Fact, Node, Place, connected, forest
from shared.cli.names import service_of
from shared.cli.places import places
from shared.cli.saying import AsJson, Failure, Instance, NothingFound, Say, command
from shared.cli.tables import steerless
from shared.contracts.registry import SERVICES


def register(app: typer.Typer) -> None:
    command(app, "explain", "yizhan explain 5f0c2a5e-6d5b-5c6e-9d5c-0d6f3f1f7a11")(explain)


async def explain(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="Of an event, a command, a correlation, or what was set aside.")
    ],
    service: Annotated[str | None, typer.Option(help="Look in this one only, and follow from there.")] = None,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Show the tree of causes around an id. What it came from, what it led to, and what was answered or refused."""
    where, say = places(instance), Say(as_json)
    if where.one_database and service is None:
        raise Failure("YIZHAN_DATABASE is of one service.", "Say of which one.", field="--service")
    started = [service_of(service, "--service")] if service else list(SERVICES)
    facts = await connected(where, identity, started, [*SERVICES] if not where.one_database else started)
    if not facts:
        remedy = "Check the id: of an event, a command, a correlation, or the ce_id of a record on a topic."
        raise NothingFound(f"Nothing is known of {identity!r}.", remedy, field="ID")
    trees = forest(facts)
    if as_json:
        say.answer(
            {"id": identity, "events": [_value(one, parent) for tree in trees for one, parent in _walk(tree)]}, ""
        )
        return
    for tree in _shown(trees, identity):
        say.answer(identity, tree)


def _walk(node: Node, parent: Place | None = None) -> list[tuple[Fact, Place | None]]:
    below = [pair for child in node.children for pair in _walk(child, node.fact.place)]
    return [(node.fact, parent), *below]


def _value(fact: Fact, parent: Place | None) -> dict[str, Any]:
    cause = {"service": parent.service, "position": parent.position} if parent else None
    return {**fact._asdict(), "place": fact.place._asdict(), "outcome": fact.outcome, "cause": cause}


def _shown(nodes: list[Node], identity: str) -> list[Tree]:
    """A tree for each root; what one command has led to stands below that command."""
    commands: dict[tuple[str, str], list[Node]] = {}
    for node in nodes:
        named = node.fact.command_id or node.fact.event_id
        commands.setdefault((node.fact.place.service, named), []).append(node)
    shown = []
    for (service, given), effects in commands.items():
        if len(effects) == 1:
            shown.append(_grown(effects[0], identity))
            continue
        tree = Tree(f"{service}  command {given}" + ("  <- " + identity if given == identity else ""))
        for effect in effects:
            _grown(effect, identity, tree)
        shown.append(tree)
    return shown


def _grown(node: Node, identity: str, above: Tree | None = None) -> Tree:
    label = _label(node.fact, identity)
    tree = Tree(label) if above is None else above.add(label)
    for child in node.children:
        _grown(child, identity, tree)
    return tree


def _label(fact: Fact, identity: str) -> str:
    version = f" #{fact.version}" if fact.version is not None else ""
    where = f"{fact.place.service}@{fact.place.position}" if fact.place.position else fact.place.service
    parts = [
        f"{where}  {fact.type.removeprefix('cn.yizhan.')}",
        f"{fact.stream}{version}",
        f"{fact.occurred_at:%Y-%m-%d %H:%M:%S}",
        fact.outcome or "",
        f"from {fact.origin}" if fact.origin else "",
        "<- " + identity if identity in fact.names else "",
    ]
    return steerless("  ".join(part for part in parts if part), kept="")
