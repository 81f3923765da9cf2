"""What a template may say: the placeholders, with their values for one wave, language and commune."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

from loa.model.campaign import Campaign, Wave
from loa.model.places import Commune

# Placeholders that differ from one recipient to the next: a template without them has one text per language.
PER_COMMUNE = frozenset({"commune", "commune_code", "local_hotline"})

_WEEKDAYS = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


def day_words(day: date) -> str:
    """`10/10/2027`: the day's form in all that people read here."""
    return f"{day:%d/%m/%Y}"


def values(
    campaign: Campaign, wave: Wave, language: str, commune: Commune | None = None, local_hotline: str = ""
) -> dict[str, object]:
    """Every placeholder with its value. `commune` is the commune of the recipient; without one the name is empty.

    `local_hotline` is whom the commune's people call (`Station.hotline`); where it has none of its own, the campaign's.

    portal, portal_host, hotline, local_hotline, issuer, campaign, wave, event_day (dd/mm/yyyy), event_weekday,
    send_day, days_left (whole days, 0 on the day), year, commune, commune_code.
    """
    weekdays = _WEEKDAYS["en" if language == "en" else "vi"]
    return {
        "portal": campaign.portal,
        "portal_host": urlsplit(campaign.portal).hostname or "",
        "hotline": campaign.hotline,
        "local_hotline": local_hotline or campaign.hotline,
        "issuer": campaign.issuer.get(language),
        "campaign": campaign.title.get(language),
        "wave": wave.title.get(language),
        "event_day": day_words(wave.anchor),
        "event_weekday": weekdays[wave.anchor.weekday()],
        "send_day": day_words(wave.send_at.date()),
        "days_left": wave.days_left,
        "year": str(wave.year),
        "commune": commune.name if commune else "",
        "commune_code": commune.code if commune else "",
    }
