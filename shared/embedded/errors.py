"""The one error of this package.

InfraError      Kafka or PostgreSQL cannot be had as asked; says what is wrong and what to do next
"""


class InfraError(Exception):
    """Kafka or PostgreSQL cannot be had as asked."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}\n  What to do: {remedy}")
        self.message = message
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["InfraError"], tuple[str, str]]:
        # Exceptions travel between processes by pickle, which would hand over one argument where two are needed.
        return InfraError, (self.message, self.remedy)
