"""A forecast as people read it: reach, parts, cost and finish times, both encodings side by side."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from loa.cli.session import shown, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from loa.model.campaign import Deliverable
    from loa.outlook import Outlook
    from loa.sms.demand import Expected
    from loa.sms.forecast import Forecast, Network, Side

_ENCODINGS = {"accented": "có dấu", "unaccented": "không dấu"}
_NONE = "–"


def print_outlook(out: Any, outlook: Outlook, *, with_findings: bool = True) -> None:
    """The forecast of a wave."""
    wave = outlook.wave
    when = f"gửi lúc {_moment(wave.send_at)}, hạn cuối {_moment(wave.closes_at)}"
    _line(out, f"{wave.key}  {wave.title.vi}: {when}")
    for item in outlook.messages:
        _print_message(out, item, with_findings=with_findings)
    for deliverable, places in outlook.packages:
        _line(out, f"\n[{deliverable.id}] {deliverable.title.vi}: {_package(deliverable, places)}")


def blocked(outlook: Outlook) -> bool:
    """Whether something that the forecast found would stop the wave's release."""
    from loa.sms.forecast import findings

    return any(found.blocks for item in outlook.messages for found in findings(item.forecast, item.job.subject))


def _package(deliverable: Deliverable, places: int) -> str:
    """What is counted of a package: places, never people."""
    from loa.sms.broadcast.deliverable import OperatorPackageDeliverable

    counted = f"{_dots(places)} xã, phường, đặc khu"
    if not isinstance(deliverable, OperatorPackageDeliverable):
        return f"một gói cho {counted}"
    operators = ", ".join(deliverable.operators)
    return f"công văn cho {operators}; địa bàn {counted}; số người nhận chỉ nhà mạng biết"


def _print_message(out: Any, item: Expected, *, with_findings: bool) -> None:
    from loa.sms.forecast import findings

    made, deliverable = item.forecast, item.job.deliverable
    people = f"{_dots(made.recipients)} người nhận{_left_out(item)}, {_dots(item.texts)} nội dung"
    _line(out, f"\n[{deliverable.id}] {deliverable.title.vi}: {people}")
    table(out, ("", *_heads(item)), _sums(item), (1, 2))
    out.print()
    _print_networks(out, item)
    out.print()
    _print_lanes(out, item)
    if with_findings:
        out.print()
        for finding in findings(made, item.job.subject):
            mark = "CHẶN " if finding.blocks else "lưu ý"
            _line(out, f"{mark} [{finding.code}] {finding.words.vi}")


def _left_out(item: Expected) -> str:
    """Who gets nothing, and why."""
    reasons = ((item.opted_out, "từ chối nhận"), (item.full, "đã nhận đủ số tin cho phép"))
    said = ", ".join(f"{_dots(number)} {why}" for number, why in reasons if number)
    return f" (đã trừ {said})" if said else ""


def _heads(item: Expected) -> tuple[str, str]:
    """The two encodings, the chosen one marked."""
    chosen = item.forecast.encoding
    a, b = (f"{words} (đã chọn)" if name == chosen else words for name, words in _ENCODINGS.items())
    return a, b


def _sums(item: Expected) -> list[tuple[object, ...]]:
    made = item.forecast
    lengths = item.lengths
    rows: list[tuple[object, ...]] = [
        ("Bản tin mỗi tin nhắn", _range(lengths["accented"]), _range(lengths["unaccented"])),
        ("Số bản tin phải gửi", *_both(item, lambda side: side.parts)),
        (f"Chi phí dự kiến (đồng){_without(made)}", *_both(item, lambda side: _vnd(side.vnd))),
        ("Gửi xong", *_both(item, lambda side: _done(side, made.conditions.start))),
    ]
    if made.conditions.budget is not None:
        rows.insert(-1, ("Ngân sách (đồng)", made.conditions.budget, made.conditions.budget))
    if item.spent is not None:
        rows.insert(-1, ("Đã gửi đi, khoảng (đồng)", item.spent, item.spent))
    return rows


def _without(made: Forecast) -> str:
    """The networks that the cost is without: no lane serves them, so nothing is sent to them."""
    names = ", ".join(network.operator or _NONE for network in made.chosen.networks if not network.lane)
    return f", CHƯA GỒM {names}" if names else ""


def _range(lengths: tuple[int, int]) -> object:
    least, most = lengths
    return least if least == most else f"{least}–{most}"


def _print_networks(out: Any, item: Expected) -> None:
    made = item.forecast
    rows = [
        (a.operator or _NONE, a.lane or "KHÔNG CÓ", a.recipients, a.parts, b.parts, _cost(a), _cost(b))
        for a, b in zip(made.accented.networks, made.unaccented.networks, strict=True)
    ]
    each = (f"{what}\n{how}" for what in ("Bản tin", "Đồng") for how in _ENCODINGS.values())
    table(out, ("Mạng", "Đường gửi", "Người nhận", *each), rows, (2, 3, 4, 5, 6))


def _print_lanes(out: Any, item: Expected) -> None:
    made = item.forecast
    rows = [
        (a.lane, _rate(a.rate), _moment(a.start), _end(a.finish, a.left, a.start), _end(b.finish, b.left, b.start))
        for a, b in zip(made.accented.lanes, made.unaccented.lanes, strict=True)
    ]
    table(out, ("Đường gửi", "Bản tin/giây", "Bắt đầu", "Xong, có dấu", "Xong, không dấu"), rows, (1,))


def _both(item: Expected, get: Callable[[Side], object]) -> Sequence[object]:
    return get(item.forecast.accented), get(item.forecast.unaccented)


def _done(side: Side, start: datetime) -> str:
    return _end(side.finish, side.left, start) if side.lanes else _NONE


def _end(finish: datetime | None, left: int, start: datetime) -> str:
    """To the minute, and never too early."""
    words = "hơn một năm"
    if finish is not None:
        then = finish + timedelta(seconds=59)
        words = _moment(then) if then.year == start.year else f"{then:%d/%m/%Y}"
    return f"{words} (QUÁ HẠN)" if left else words


def _vnd(dong: int | None) -> object:
    return "chưa có giá" if dong is None else dong


def _cost(network: Network) -> object:
    return _vnd(network.vnd) if network.lane else _NONE


def _rate(rate: float) -> str:
    return f"{rate:g}".replace(".", ",")


def _moment(moment: datetime) -> str:
    from loa.model.clock import VIETNAM

    return f"{moment.astimezone(VIETNAM):%d/%m %H:%M}"


def _dots(number: int) -> str:
    from loa.sms.forecast import dots

    return dots(number)


def _line(out: Any, words: str) -> None:
    # folded between words where somebody looks, whole where a program or a file does
    out.print(shown(words), markup=False, highlight=False, soft_wrap=not out.is_terminal)


# --- for programs -------------------------------------------------------------------------------------------------


def outlook_document(outlook: Outlook) -> dict[str, Any]:
    """The same as one JSON document. Money in đồng, moments in ISO 8601; `null` where something is not known."""
    return {
        "wave": outlook.wave.key,
        "send_at": outlook.wave.send_at.isoformat(),
        "closes_at": outlook.wave.closes_at.isoformat(),
        "messages": [_message(item) for item in outlook.messages],
        "packages": [
            {
                "deliverable": item.id,
                "channel": item.channel,
                "places": places,
                # letters go to these; how many people they reach only they know
                "operators": list(getattr(item, "operators", ())),
            }
            for item, places in outlook.packages
        ],
    }


def _message(item: Expected) -> dict[str, Any]:
    from loa.sms.forecast import findings

    made = item.forecast
    return {
        "deliverable": item.job.deliverable.id,
        "encoding": made.encoding,
        "texts": item.texts,
        "parts_each": {name: {"least": least, "most": most} for name, (least, most) in item.lengths.items()},
        "recipients": made.recipients,
        "opted_out": item.opted_out,
        "had_enough": item.full,
        "spent_vnd": item.spent,
        "budget_vnd": made.conditions.budget,
        "prices_confirmed_by": made.conditions.prices.written.confirmed_by if made.conditions.prices.written else None,
        "accented": _side(made.accented),
        "unaccented": _side(made.unaccented),
        "findings": [
            {"code": found.code, "level": found.level.value, "vi": found.words.vi, "en": found.words.en}
            for found in findings(made, item.job.subject)
        ],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "parts": side.parts,
        "vnd": side.vnd,
        "vnd_leaves_out": [network.operator for network in side.networks if not network.lane],
        "finish": side.finish.isoformat() if side.finish else None,
        "parts_not_out_in_time": side.left,
        "networks": [
            {"operator": item.operator, "lane": item.lane or None, "recipients": item.recipients, "parts": item.parts,
             "vnd": item.vnd}
            for item in side.networks
        ],
        "lanes": [
            {"lane": item.lane, "parts": item.parts, "parts_per_second": item.rate, "start": item.start.isoformat(),
             "finish": item.finish.isoformat() if item.finish else None, "parts_not_out_in_time": item.left}
            for item in side.lanes
        ],
    }  # fmt: skip
