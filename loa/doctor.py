"""What Loa stands on, looked at: from fonts and the database to gateways and targets. One line each, and what to do."""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loa import pipeline
from loa.channel import Desk
from loa.loudspeaker.stations import SAMPLE
from loa.loudspeaker.targets.catalogue import open_target
from loa.model.errors import ContentError, LoaError
from loa.model.sentences import words as sentence
from loa.model.settings import LaneSettings, TargetSettings
from loa.sms.gateways import catalogue, limits_of
from loa.sms.receipts import connect
from loa.workspace import STATIONS_FILE, Workspace


@dataclass(frozen=True)
class Examined:
    """One thing looked at. `advice` is empty where nothing is to be done."""

    what: str
    ok: bool
    found: str
    advice: str = ""


def examine(root: Path, environ: Mapping[str, str]) -> tuple[Examined, ...]:
    """Looks at everything. Raises `ContentError` only where `root` is no workspace."""
    workspace = Workspace.at(root)
    try:
        with workspace.lines_named():
            desk = pipeline.open_desk(root, environ)
    except ContentError as error:
        where = error.where.words.vi if error.where else "loa.toml"
        return (Examined("Thiết lập / loa.toml", False, f"{where}: {error.words.vi}", "sửa loa.toml rồi chạy lại"),)
    except LoaError as error:
        return (Examined("Cơ sở dữ liệu / database", False, error.words.vi, "kiểm tra LOA_DATABASE_URL, loa.toml"),)
    try:
        checks: tuple[Callable[[Desk], Examined], ...] = (
            _database, _campaigns, _communes, _fonts, _raqm, _speech, _lanes, _stations, _targets, _prefect,
        )  # fmt: skip
        return tuple(_looked(check, desk) for check in checks)
    finally:
        desk.store.close()


def _looked(check: Callable[[Desk], Examined], desk: Desk) -> Examined:
    try:
        return check(desk)
    except LoaError as error:
        where = f"{error.where.words.vi}: " if error.where else ""
        return Examined(check.__name__.strip("_"), False, f"{where}{error.words.vi}", error.words.en)


def _database(desk: Desk) -> Examined:
    return Examined("Cơ sở dữ liệu / database", True, desk.store.database.url.get_backend_name())


def _campaigns(desk: Desk) -> Examined:
    names = desk.workspace.campaign_ids()
    for name in names:
        pipeline.load_campaign(desk, name)
    return Examined("Chiến dịch / campaigns", bool(names), ", ".join(names), "" if names else "thêm tệp vào campaigns/")


def _communes(desk: Desk) -> Examined:
    return Examined("Danh mục xã / communes", True, f"{len(desk.workspace.communes):,}".replace(",", "."))


def _fonts(desk: Desk) -> Examined:
    fonts = sorted(desk.workspace.assets.glob("fonts/*/*.ttf"))
    advice = "" if fonts else "chép phông chữ vào assets/fonts/"
    return Examined("Phông chữ / fonts", bool(fonts), f"{len(fonts)} tệp", advice)


def _raqm(desk: Desk) -> Examined:
    from PIL import features

    ok = bool(features.check("raqm"))
    advice = "" if ok else "cài lại pillow từ bánh xe (wheel) chính thức"
    return Examined("Pillow Raqm", ok, "có" if ok else "không", advice)


def _speech(desk: Desk) -> Examined:
    wanted = {"gtts": "gtts", "espeak": "espeakng-loader"}
    settings = desk.workspace.settings.speech
    if settings.piper_voices:
        wanted["piper"] = "piper-tts"
    found = {name: _version(wanted[name]) for name in settings.engines if name in wanted}
    missing = [wanted[name] for name, version in found.items() if not version]
    if not _version("av"):
        missing.append("av")
    words = ", ".join(f"{name} {version or '–'}" for name, version in found.items())
    extras = ",".join(("audio", "espeak", *(("piper",) if "piper" in wanted else ())))
    advice = f"pip install 'loa[{extras}]' ({', '.join(missing)})" if missing else ""
    return Examined("Giọng đọc / speech", not missing, words, advice)


def _lanes(desk: Desk) -> Examined:
    """Every lane with its options and secrets, as a release would find them; nothing is connected."""
    sms = desk.workspace.settings.sms
    wrong = [words for lane in sms.lanes if (words := _lane_trouble(lane, desk))]
    words = ", ".join(
        f"{lane.name} ({lane.gateway}{'' if limits_of(lane).reaches_people else ': không gửi cho ai'})"
        for lane in sms.lanes
        if lane.gateway in catalogue()
    )
    advice = "; ".join(wrong) if wrong else "" if sms.lanes else "thêm [[sms.lanes]] vào loa.toml"
    return Examined("Đường gửi SMS / lanes", bool(sms.lanes) and not wrong, words or "–", advice)


def _lane_trouble(lane: LaneSettings, desk: Desk) -> str:
    """What keeps a lane from sending, in words; nothing where it can."""
    number = lane.sender.removeprefix("+").isdigit()
    if not number and lane.sender not in desk.workspace.settings.sms.registered_senders:
        return str(sentence("sender-unregistered", {"sender": lane.sender, "lane": lane.name}).vi)
    try:
        with desk.workspace.lines_named():
            asyncio.run(_built(lane, desk))
    except ContentError as error:
        return f"{error.where.words.vi}: {error.words.vi}" if error.where else error.words.vi
    return ""


async def _built(lane: LaneSettings, desk: Desk) -> None:
    await connect(lane, desk).close()


def _stations(desk: Desk) -> Examined:
    """The radio stations that somebody has written down; none is no mistake."""
    stations = desk.workspace.stations
    samples = sum(SAMPLE in station.name for station in stations.values())
    late = sum(bool(station.night_slots) for station in stations.values())
    found = f"{len(stations)}" + (f", {late} có giờ phát đêm / with slots at night" if late else "")
    advice = f"thay {samples} dòng mẫu trong audiences/{STATIONS_FILE}" if samples else ""
    return Examined("Đài truyền thanh / stations", True, found, advice)


def _targets(desk: Desk) -> Examined:
    """Every delivery target with its options, secrets and files, as a push would find them; nothing is connected."""
    given = desk.workspace.settings.loudspeaker
    wrong = [words for target in given.targets if (words := _target_trouble(target, desk))]
    names = [
        f"{target.name} ({target.kind}{', mặc định / default' if target.name == given.target else ''})"
        for target in given.targets
    ]
    words = ", ".join(names) or "chỉ var/outbox / only var/outbox"
    return Examined("Nơi nhận gói / targets", not wrong, words, "; ".join(wrong))


def _target_trouble(target: TargetSettings, desk: Desk) -> str:
    try:
        with desk.workspace.lines_named():
            open_target(target, desk.environ, desk.clock, desk.workspace.root)
    except LoaError as error:
        return f"{error.where.words.vi}: {error.words.vi}" if error.where else error.words.vi
    return ""


def _prefect(desk: Desk) -> Examined:
    from loa import orchestrator

    server = orchestrator.running(desk.workspace)
    words = f"{_version('prefect')}, {server.page if server else 'chưa bật / not up'}"
    return Examined("Prefect", True, words, "" if server else "“loa up” để chạy các lịch")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
