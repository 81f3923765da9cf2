"""`loa prepare`, `loa release`, `loa status`, `loa ledger`: one wave from making to figures."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from loa.cli.session import Injected, Session, shown, table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from loa.model.ledger import Count, Outage
    from loa.standing import Hold

ledger = App(name="ledger", help="Sổ gửi: xuất từng dòng. / The ledger: export every row.")

Year = Annotated[int | None, Parameter(help="Năm; mặc định là lần sắp tới. / The year; the coming edition.")]


def prepare(
    id: str,
    wave: str,
    *,
    year: Year = None,
    by: Annotated[str | None, Parameter(name="--as")] = None,
    session: Injected,
) -> None:
    """Chuẩn bị một đợt, kiểm tra và trình thẩm định. / Make and check a wave, and put it up for review.

    Chạy qua Prefect khi “loa up” đang chạy. / Runs as a Prefect flow while `loa up` is up.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    wave
        Mã đợt. / The wave's id.
    by
        Người trình; hoặc biến LOA_ACTOR. / Who asks for the review; or LOA_ACTOR.
    """
    import asyncio

    from loa import gate, pipeline
    from loa.cli.progress import Steps
    from loa.cli.reviews import findings_document, print_bundle

    actor = session.actor(by)
    if flows := _flows(session):
        digest = asyncio.run(flows.prepare(id, wave, year, actor, str(session.root.resolve())))
    else:
        with session.desk() as desk:
            found = pipeline.occasion(desk, id, wave, year)
            digest = asyncio.run(pipeline.prepare(desk, found, actor, Steps(session, found))).digest
    with session.desk() as desk:
        bundle = gate.find_bundle(desk, digest)
    document = {
        "digest": bundle.digest,
        "wave": bundle.wave,
        "decision": bundle.decision.value,
        "findings": findings_document(gate.findings_of(bundle)),
    }
    session.show(document, lambda out: print_bundle(out, bundle, []))


def release(id: str, wave: str, *, year: Year = None, session: Injected) -> int:
    """Gửi một đợt đã phê duyệt; chạy lại không gửi lại. / Release an approved wave; again resends nothing.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    wave
        Mã đợt. / The wave's id.
    """
    import asyncio

    from loa import pipeline
    from loa.cli.progress import Steps, beside_others
    from loa.model.errors import PartlyDelivered

    with session.desk() as desk:
        found = pipeline.occasion(desk, id, wave, year)
        if flows := _flows(session):
            run = flows.release(id, wave, found.wave.year, str(session.root.resolve()))
            done = asyncio.run(beside_others(session, desk, run))
            released = pipeline.Released(found.wave.key, done, 0)
        else:
            work = pipeline.release(desk, found, Steps(session, found), PATIENCE)
            released = asyncio.run(beside_others(session, desk, work))
        if released.left or released.held:
            raise PartlyDelivered(released.wave, released.done, released.left, released.held)
    words = f"{released.wave}: gửi {released.done} lần này, không còn dòng nào chờ. / sent, nothing left."
    session.show(released.__dict__, lambda out: out.print(words, markup=False, highlight=False))
    return 0


def _flows(session: Session) -> Any:
    """The flows, with this process a client of the workspace's server; nothing while no server is up."""
    from loa import orchestrator
    from loa.workspace import Workspace

    workspace = Workspace.at(session.root)
    server = orchestrator.running(workspace)
    if server is None:
        return None
    orchestrator.use(workspace, server)
    from flows import catalogue

    return catalogue


def status(id: str = "", *, session: Injected) -> None:
    """Số liệu từng đợt theo mạng và kết quả. / Figures of each wave by network and outcome.

    Parameters
    ----------
    id
        Mã chiến dịch; để trống là tất cả. / The campaign's id; all unless named.
    """
    from loa.outlook import done_at
    from loa.standing import hold_of, left_behind, senders

    with session.desk() as desk:
        refuse_unknown(desk, id)
        found = [(wave, desk.store.figures.counts(wave)) for wave in desk.store.figures.waves(id)]
        packages = {wave: packages_of(desk, wave, counts) for wave, counts in found}
        holds = {wave: hold_of(desk, wave) for wave, _ in found}
        finish = {wave: done_at(desk, wave) for wave, _ in found}
        outages = tuple(desk.store.lanes.outages(desk.clock.now()).values())
        held = senders(desk)
        left = left_behind(desk, held)
    document = [
        {
            "wave": wave,
            "hold": hold.kind if (hold := holds[wave]) else "",
            "hold_by": hold.by if hold else "",
            "hold_at": hold.at if hold else None,
            "hold_reason": hold.reason if hold else "",
            "lanes_held": held,
            "lanes_left_behind": left,
            "done_at": finish[wave],
            "counts": [_count(count) for count in counts],
        }
        for wave, counts in found
    ]

    def render(out: Any) -> None:
        if not found:
            out.print("Chưa có đợt nào được gửi. / Nothing was released yet.")
        for wave, counts in found:
            print_counts(out, wave, counts, packages[wave])
            _print_outlook(out, holds[wave], finish[wave], at_work=bool(held))
        _print_senders(out, found, held, left)
        for outage in outages:
            print_outage(out, outage)

    session.show(document, render)


def _print_outlook(out: Any, hold: Hold | None, finish: datetime | None, *, at_work: bool) -> None:
    """What keeps a wave, or when the rest of it will be out, or would be."""
    from loa.calendar import moment_words
    from loa.model.sentences import words

    if hold is not None:
        when = f" lúc {moment_words(hold.at)}" if hold.at else ""
        who = f" ({hold.by}{when}{': ' if hold.reason else ''}{hold.reason})" if hold.by else ""
        out.print(shown(f"{words(f'held-wave-{hold.kind}')}{who}"), markup=False, highlight=False)
    elif finish is not None:
        said = words("status-done-at" if at_work else "status-would-be-done-at", {"moment": moment_words(finish)})
        out.print(str(said), markup=False, highlight=False)


def _print_senders(
    out: Any, found: Sequence[tuple[str, Sequence[Count]]], held: Mapping[str, str], left: Sequence[str]
) -> None:
    """Who sends now, where there is anything to send; and what a process that died has left in the middle."""
    from loa.model.sentences import words
    from loa.model.states import RowState

    moving = {RowState.PLANNED, RowState.SENDING}
    if held:
        lanes = ", ".join(f"{lane} ({process})" for lane, process in held.items())
        out.print(str(words("status-sending", {"lanes": lanes})), markup=False, highlight=False)
    elif any(count.state in moving for _, counts in found for count in counts):
        out.print(str(words("status-nobody-sends")), markup=False, highlight=False)
    if left:
        out.print(str(words("status-left-behind", {"lanes": ", ".join(left)})), markup=False, highlight=False)


def refuse_unknown(desk: Any, campaign: str) -> None:
    """Raises `ContentError` for a campaign that has neither a file nor a row, and names those that have."""
    from loa.model.errors import ContentError

    known = {*desk.workspace.campaign_ids(), *(wave.partition("/")[0] for wave in desk.store.figures.waves())}
    if campaign and campaign not in known:
        folder = desk.workspace.name_of(desk.workspace.campaigns)
        raise ContentError.at("campaign-missing", folder, name=campaign, known=", ".join(sorted(known)) or "-")


def print_outage(out: Any, outage: Outage) -> None:
    """A lane that is out of order, and why."""
    from loa.calendar import moment_words

    words = f"Đường gửi “{outage.lane}” đang tạm ngắt đến {moment_words(outage.until)}: {_why(outage)}"
    out.print(words, markup=False, highlight=False, style="bold red")


def _why(outage: Outage) -> str:
    """The sentence of what went wrong, where the code has one."""
    from loa.model.sentences import table as sentences
    from loa.model.sentences import words

    if outage.why not in sentences():
        return f"{outage.why} ({outage.failures})"
    try:
        return str(words(outage.why, {"lane": outage.lane}))
    except KeyError:  # its sentence needs more than a lane's name
        return f"{outage.why} ({outage.failures})"


PATIENCE = timedelta(minutes=2)  # a person waits for it, and can start it again


_SHOWN = (
    "planned", "sending", "accepted", "delivered", "undelivered", "expired", "refused", "unknown", "suppressed",
    "cancelled",
)  # fmt: skip


def packages_of(desk: Any, wave: str, counts: Sequence[Count]) -> frozenset[str]:
    """The deliverables of a wave that are handed over as packages: no network takes them, and other words hold."""
    from loa.handover import ByPackage
    from loa.registry import CHANNELS

    names = {count.deliverable for count in counts}
    channels = {name: CHANNELS.get(desk.store.figures.channel_of(wave, name)) for name in names}
    return frozenset(name for name, channel in channels.items() if isinstance(channel, ByPackage))


def print_counts(out: Any, wave: str, counts: Sequence[Count], packages: Collection[str]) -> None:
    """One wave: a line for each deliverable and network, a column for each outcome in the words of its channel."""
    from loa.model.states import RowState, words_of

    words = [words_of(RowState(state), package=package)[0] for state in _SHOWN for package in (False, True)]
    lines: dict[tuple[str, str], dict[str, int]] = {}
    for count in counts:
        word = words_of(count.state, package=count.deliverable in packages)[0]
        lines.setdefault((count.deliverable, count.operator), {})[word] = count.rows
    present = [word for word in dict.fromkeys(words) if any(word in cells for cells in lines.values())]
    rows = [
        (deliverable, operator or "–", *(cells.get(word, 0) for word in present), sum(cells.values()))
        for (deliverable, operator), cells in lines.items()
    ]
    sums = [sum(cells.get(word, 0) for cells in lines.values()) for word in present]
    rows.append(("Tổng / all", "", *sums, sum(sums)))
    out.print(f"\n{wave}", markup=False, style="bold")
    headings = ["Sản phẩm", "Mạng*", *present, "tổng"]
    table(out, headings, rows, range(2, 2 + len(present) + 1))
    out.print("* của tin nhắn: đoán theo đầu số / of messages: guessed from the prefix", style="dim", highlight=False)


def _count(count: Count) -> dict[str, Any]:
    return {
        "deliverable": count.deliverable,
        "operator": count.operator,
        "state": count.state.value,
        "rows": count.rows,
        "parts": count.parts,
    }


_COLUMNS = (
    "wave", "deliverable", "recipient", "operator_guessed", "commune", "language", "parts", "state", "reason",
    "attempts", "lane", "gateway_id", "updated_at", "id",
)  # fmt: skip


@ledger.command
def export(*, campaign: str = "", out: Annotated[Path, Parameter(name=["-o", "--out"])], session: Injected) -> None:
    """Xuất mọi dòng của sổ gửi ra CSV. / Export every row of the ledger as CSV.

    Tệp có số điện thoại: chỉ chủ tệp đọc được. / The file holds numbers: only its owner may read it.

    Parameters
    ----------
    campaign
        Mã chiến dịch; để trống là tất cả. / The campaign's id; all unless named.
    out
        Tệp ghi ra. / The file to write.
    """
    with session.desk() as desk:
        refuse_unknown(desk, campaign)
        written = export_rows(desk, campaign, out)
    document = {"rows": written, "file": str(out)}
    session.show(document, lambda screen: screen.print(f"{written} dòng → {out}", markup=False, highlight=False))


def export_rows(desk: Any, campaign: str, out: Path) -> int:
    """Writes every row, whole or not at all, readable by its owner only. Returns how many."""
    from loa.store.artefacts import write_stream

    written = 0

    def lines() -> Iterator[bytes]:
        nonlocal written
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\r\n")
        writer.writerow(_COLUMNS)
        yield b"\xef\xbb\xbf" + _taken(buffer)
        for wave in desk.store.figures.waves(campaign):
            for row in desk.store.figures.rows(wave):
                writer.writerow(
                    (
                        row.wave, row.deliverable, _as_text(row.recipient), row.operator, row.commune, row.language,
                        row.parts, row.state.value, _as_text(row.reason), row.attempts, row.lane,
                        _as_text(row.gateway_id),
                        row.updated_at.isoformat(timespec="seconds"), row.id,
                    )
                )  # fmt: skip
                written += 1
                if buffer.tell() > 1 << 16:
                    yield _taken(buffer)
        yield _taken(buffer)

    write_stream(out, lines(), mode=0o600)
    return written


def _taken(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return data


def _as_text(value: str) -> str:
    """A spreadsheet takes `+84…` and a provider's `=…` for formulas; an apostrophe makes each the text it is."""
    return f"'{value}" if value.startswith(("+", "=", "-", "@", "\t", "\r")) else value
