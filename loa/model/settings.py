"""`loa.toml`: what a workspace decides once. Secrets are never here: they come from the environment."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from loa.model.campaign import HOST, HourMinute, Language, Slug, Written

# a host name by itself: no scheme, no path, no port
Host = Annotated[str, StringConstraints(pattern=HOST, to_lower=True)]


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("giờ có múi giờ, như 2027-09-10T08:30:00+07:00 / with an offset")
    return value


class Office(Written):
    """Who runs the workspace."""

    name: str = "Sở Khoa học và Công nghệ"
    # Whoever asks may not approve. True only where one person does both, and every page then says so.
    one_person: bool = False


class Links(Written):
    """Hosts that may stand in what goes out. A host allows its own sub-domains, by label."""

    allowed_hosts: tuple[Host, ...] = ("dichvucong.gov.vn",)


class Hours(Written):
    """When people may be written to (Decree 91/2020 for advertising: 07-22 h; Loa keeps to it for every SMS)."""

    start: HourMinute = Field(default=time(7, 0), alias="from")
    end: HourMinute = Field(default=time(22, 0), alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Hours:
        if self.start >= self.end:
            raise ValueError("“from” phải trước “to” trong cùng ngày / from before to, within a day")
        return self


OptionValue = str | int | float | bool


class LaneSettings(Written):
    """One sender account on one gateway connection. Its rate is in parts per second, never in messages.

    The order of the lanes in `loa.toml` is their priority: a network goes out on the first lane that serves it and is
    not out of order.
    """

    name: Slug
    gateway: Slug
    sender: str = Field(min_length=1, max_length=20)
    parts_per_second: float = Field(default=50, gt=0, le=100_000)
    window: int = Field(default=100, ge=1, le=10_000, description="messages that may be in doubt at once")
    networks: tuple[str, ...] = ("*",)
    options: dict[str, OptionValue] = Field(default_factory=dict)


def _own_names(lanes: tuple[LaneSettings, ...]) -> tuple[LaneSettings, ...]:
    names = [lane.name for lane in lanes]
    if len(set(names)) != len(names):
        # a lease, a cursor and a journal go by the lane's name
        raise ValueError("mỗi đường gửi một tên riêng / each lane a name of its own")
    return lanes


class Cap(Written):
    """At most so many messages to one number in so many hours, over all campaigns.

    Decree 91/2020, art. 13: three advertising SMS in 24 hours; Loa keeps to it for every message.
    """

    messages: int = Field(default=3, ge=1, le=1_000)
    hours: int = Field(default=24, ge=1, le=24 * 31)


class ErrorStop(Written):
    """A wave pauses itself when more than `share` of the last `sample` answers of a lane are refusals."""

    share: float = Field(default=0.3, gt=0, le=1)
    sample: int = Field(default=200, ge=10, le=10_000)


class StopWords(Written):
    """What people answer to get nothing more (compared without case and marks), and what they are told, once."""

    words: tuple[Annotated[str, StringConstraints(min_length=1, max_length=20)], ...] = ("TC", "TU CHOI", "STOP")
    reply: str = Field(
        default="Da ghi nhan yeu cau tu choi nhan tin. Quy vi se khong nhan them tin nhan nao.", min_length=1
    )


class Callbacks(Written):
    """Where gateways bring receipts: `public_url` is the address they are given; we listen on `host` and `port`."""

    public_url: str = Field(default="", pattern=r"^(https://[^\s?#]+)?$")
    host: str = "127.0.0.1"
    port: int = Field(default=8421, ge=0, le=65_535)


class SmsSettings(Written):
    lanes: Annotated[tuple[LaneSettings, ...], AfterValidator(_own_names)] = ()
    # a brandname has at most 11 characters and is registered with each operator
    registered_senders: tuple[str, ...] = ()
    max_attempts: int = Field(default=5, ge=1, le=50)
    cap: Cap = Cap()
    error_stop: ErrorStop = ErrorStop()
    stop_words: StopWords = StopWords()
    callbacks: Callbacks = Callbacks()


class SpeechSettings(Written):
    """Engines in the order they are tried; one voice a piece."""

    engines: tuple[Slug, ...] = ("recording", "piper", "gtts", "espeak")
    gtts_timeout_seconds: float = Field(default=10, gt=0, le=120)
    # language -> an .onnx file below the workspace, its .onnx.json beside it; Loa ships none
    piper_voices: dict[Language, str] = Field(default_factory=dict)


class TargetSettings(Written):
    """A place that packages are pushed to: a shared folder, a server. `kind` is a module of loudspeaker/targets."""

    name: Slug
    kind: Slug
    options: dict[str, OptionValue] = Field(default_factory=dict)


class LoudspeakerSettings(Written):
    """What holds for a commune's station where `audiences/stations.csv` says nothing else.

    `target` names one of `targets`; empty: packages only lie in the outbox, for people to take.
    """

    slots: tuple[HourMinute, ...] = Field(default=(time(5, 30), time(17, 0)), min_length=1, max_length=12)
    target: str = ""
    targets: tuple[TargetSettings, ...] = ()

    @model_validator(mode="after")
    def _named(self) -> LoudspeakerSettings:
        names = [target.name for target in self.targets]
        if len(set(names)) != len(names):
            # secrets go by the target's name
            raise ValueError("mỗi nơi nhận (targets) một tên riêng / each target a name of its own")
        if self.target and self.target not in names:
            known = ", ".join(names) or "-"
            raise ValueError(f"“target” là tên của một mục [[loudspeaker.targets]] ({known}) / the name of a target")
        if len(set(self.slots)) != len(self.slots):
            raise ValueError("mỗi khung giờ (slots) một lần / each slot once")
        return self


class StoreSettings(Written):
    """`LOA_DATABASE_URL` in the environment goes before `url`. Relative SQLite paths start at the workspace."""

    url: str = "sqlite:///var/loa.db"


class Rehearsal(Written):
    """The moment a rehearsal starts at. Refused as soon as a lane reaches real people."""

    starts_at: Annotated[datetime, AfterValidator(_aware)]
    set_at: Annotated[datetime, AfterValidator(_aware)]


class Settings(Written):
    office: Office = Office()
    links: Links = Links()
    hours: Hours = Hours()
    sms: SmsSettings = SmsSettings()
    speech: SpeechSettings = SpeechSettings()
    loudspeaker: LoudspeakerSettings = LoudspeakerSettings()
    store: StoreSettings = StoreSettings()
    rehearsal: Rehearsal | None = None
