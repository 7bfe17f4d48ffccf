"""The joints between topics and rules: what comes in, what it sets off, what goes out.

Topics follow from the registry.
"""

from __future__ import annotations

from shared.service import Messaging

from .policies import INTAKE, POLICIES, TIMERS
from .publishing import PUBLISHING

MESSAGING = Messaging(intake=INTAKE, policies=POLICIES, timers=TIMERS, publishing=PUBLISHING)
