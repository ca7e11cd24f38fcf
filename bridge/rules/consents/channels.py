"""Says what a withdrawal of consent covers: channels, keys of the person, processors to write to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bridge.model import ConsentEvent

if TYPE_CHECKING:
    from config.merchant_file.processors import Processor

ALL_CHANNELS = ("email", "sms", "whatsapp", "profiling")
PHONE_CHANNELS = frozenset({"sms", "whatsapp"})
# by which identifier a message on a channel, or an audience, finds the person
CHANNELS_BY_FIELD: dict[str, tuple[str, ...]] = {
    "customer": ALL_CHANNELS,
    "email": ("email", "profiling"),
    "phone": ("sms", "whatsapp", "profiling"),
}
CONSENTING_STATES = frozenset({"subscribed", "pending"})
# what can be taken back: a consent that a platform erased, or whose address is invalid, allows nothing
STANDING_STATES = CONSENTING_STATES | {"not_subscribed", "never_subscribed"}


def list_withdrawn_channels(stated: Sequence[str]) -> tuple[str, ...]:
    """Return the channels of a withdrawal: those that it states, all of them where it states none."""
    return tuple(channel for channel in ALL_CHANNELS if not stated or channel in stated)


def list_standing_channels(events: Iterable[ConsentEvent]) -> set[str]:
    """Return the channels on which a consent stands, or may be asked for again."""
    return {event.channel for event in events if event.state in STANDING_STATES}


def list_consenting_channels(events: Iterable[ConsentEvent]) -> set[str]:
    """Return the channels on which these consents allow to write to the person."""
    return {event.channel for event in events if event.state in CONSENTING_STATES}


def list_notified_processors(processors: Iterable[Processor], channels: Iterable[str]) -> list[Processor]:
    """Return the processors that are told to stop: those that get instructions and reach persons on one of these channels."""
    withdrawn = set(channels)
    return [each for each in processors if each.is_notice_recipient and withdrawn.intersection(each.channels)]
