"""What queries answer, as their documents declare it: a model of each answer, beside the routes of its area.

Routes build their answers from read tables; a test holds the two together, field by field.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AwareDatetime, BaseModel, Field

Moment: TypeAlias = Annotated[AwareDatetime, Field(examples=["2026-01-23T05:35:00+08:00"])]
NextNumber: TypeAlias = Annotated[
    int | None, Field(description="Ask with it for the page that follows; null: there is no more.")
]
NextId: TypeAlias = Annotated[
    str | None, Field(description="Ask with it for the page that follows; null: there is no more.")
]


class Found(BaseModel):
    """A query's answer, and the position that it was read at."""

    position: str = Field(
        description="Of the service's log: the answer holds all events up to it, and maybe none after.",
        examples=["checkin.1.42"],
    )
