"""Every span attribute and log key that we set, with its meaning.

Messaging names follow the OpenTelemetry conventions.
"""

from __future__ import annotations

TRACER = "yizhan"

# Messaging spans (semantic conventions 1.44)
OPERATION_NAME = "messaging.operation.name"  # process
OPERATION_TYPE = "messaging.operation.type"  # process
SYSTEM = "messaging.system"  # kafka
DESTINATION = "messaging.destination.name"  # the topic
GROUP = "messaging.consumer.group.name"  # the service that consumes
MESSAGE_ID = "messaging.message.id"  # the CloudEvents id

# Ours
EVENT_ID = "yizhan.event.id"  # of the event that caused the step
EVENT_TYPE = "yizhan.event.type"
CORRELATION_ID = "yizhan.correlation.id"  # the same for all that one first cause led to

ACTION = "action"  # of a log line: what happened, for machines
