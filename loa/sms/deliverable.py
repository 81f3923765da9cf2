"""What an officer may write for an SMS deliverable."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loa.model.campaign import Deliverable, Slug


class SmsDeliverable(Deliverable):
    """An SMS to everybody in an audience.

    `encoding` is the approver's choice: `accented` is read at ease and costs more parts; `unaccented` is made by rule
    and shown beside the accented text. Never a mixture: half-stripped text changes meaning.
    """

    channel: Literal["sms"]
    audience: Slug
    encoding: Literal["accented", "unaccented"]
    groups: tuple[str, ...] = Field(default=(), description="only these groups of the audience; empty is everybody")
    budget_vnd: int | None = Field(default=None, ge=1, le=10**12, strict=True, description="đồng; sending stops there")

    @property
    def audience_name(self) -> str:
        return self.audience
