"""The channels there are. A new channel is a new folder and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from loa.channel import Channel
from loa.loudspeaker.channel import LoudspeakerChannel
from loa.model.campaign import Deliverable
from loa.poster.channel import PosterChannel
from loa.sms.broadcast.channel import OperatorPackageChannel
from loa.sms.channel import SmsChannel

CHANNELS: Mapping[str, Channel] = {
    channel.name: channel for channel in (SmsChannel(), OperatorPackageChannel(), LoudspeakerChannel(), PosterChannel())
}


def deliverable_types() -> Mapping[str, type[Deliverable]]:
    """The fields of each channel's deliverables, by the channel's name."""
    return {name: channel.deliverable for name, channel in CHANNELS.items()}
