"""Rules: there is one book of them."""

from __future__ import annotations

from shared.decider import Changes, Handlers, Read, decided

from ..domain.rules import RULE_BOOK, RULES, DeclareKeyPeriod, PublishRules

HANDLERS = Handlers(RULES)


@HANDLERS.on(PublishRules)
def publish_rules(command: PublishRules, read: Read) -> Changes:
    return [decided(RULES, RULE_BOOK, command, read)]


@HANDLERS.on(DeclareKeyPeriod)
def declare_key_period(command: DeclareKeyPeriod, read: Read) -> Changes:
    return [decided(RULES, RULE_BOOK, command, read)]
