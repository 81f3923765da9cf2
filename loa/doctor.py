"""What Loa stands on, looked at: fonts, engines, database, gateways, Prefect. One line each, and what to do."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loa import pipeline
from loa.channel import Desk
from loa.model.errors import LoaError
from loa.sms.gateways import limits_of
from loa.workspace import Workspace


@dataclass(frozen=True)
class Examined:
    """One thing looked at. `advice` is empty where nothing is to be done."""

    what: str
    ok: bool
    found: str
    advice: str = ""


def examine(root: Path, environ: Mapping[str, str]) -> tuple[Examined, ...]:
    """Looks at everything. Raises `ContentError` only where `root` is no workspace."""
    Workspace.at(root)
    try:
        desk = pipeline.open_desk(root, environ)
    except LoaError as error:
        return (Examined("Cơ sở dữ liệu / database", False, error.words.vi, "kiểm tra LOA_DATABASE_URL, loa.toml"),)
    try:
        checks: tuple[Callable[[Desk], Examined], ...] = (
            _database, _campaigns, _communes, _fonts, _raqm, _speech, _lanes, _prefect,
        )  # fmt: skip
        return tuple(_looked(check, desk) for check in checks)
    finally:
        desk.store.close()


def _looked(check: Callable[[Desk], Examined], desk: Desk) -> Examined:
    try:
        return check(desk)
    except LoaError as error:
        return Examined(check.__name__.strip("_"), False, error.words.vi, error.words.en)


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
    found = {name: _version(wanted[name]) for name in desk.workspace.settings.speech.engines if name in wanted}
    missing = [wanted[name] for name, version in found.items() if not version]
    if not _version("av"):
        missing.append("av")
    words = ", ".join(f"{name} {version or '–'}" for name, version in found.items())
    advice = f"pip install 'loa[audio,espeak]' ({', '.join(missing)})" if missing else ""
    return Examined("Giọng đọc / speech", not missing, words, advice)


def _lanes(desk: Desk) -> Examined:
    lanes = desk.workspace.settings.sms.lanes
    words = ", ".join(
        f"{lane.name} ({lane.gateway}{'' if limits_of(lane).reaches_people else ': không gửi cho ai'})"
        for lane in lanes
    )
    return Examined(
        "Đường gửi SMS / lanes", bool(lanes), words or "–", "" if lanes else "thêm [[sms.lanes]] vào loa.toml"
    )


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
