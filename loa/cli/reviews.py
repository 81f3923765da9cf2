"""`loa review`: the gate, from the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from loa.cli.session import Injected, shown, table

if TYPE_CHECKING:
    from loa.channel import Desk
    from loa.model.finding import Finding
    from loa.model.review import Bundle
    from loa.outlook import Outlook

app = App(name="review", help="Thẩm định: xem, phê duyệt, yêu cầu chỉnh sửa. / Reviews: list, show, decide.")

Who = Annotated[str | None, Parameter(name="--as")]

_CLASSES = {"notice": "thông báo / notice", "advertising": "quảng cáo / advertising"}
_DECISIONS = {
    "open": "chờ duyệt / open",
    "approved": "đã phê duyệt / approved",
    "changes-requested": "yêu cầu chỉnh sửa / changes requested",
    "lapsed": "hết hiệu lực / lapsed",
}


@app.command(name="list")
def list_(*, session: Injected) -> None:
    """Các gói đã trình. / The bundles that were put up for review."""
    from loa import calendar

    with session.desk() as desk:
        found = desk.store.reviews.all()
    rows = [
        (item.short, item.wave, _DECISIONS[item.decision], item.requested_by, calendar.moment_words(item.requested_at))
        for item in found
    ]
    document = [_document(item) for item in found]
    session.show(document, lambda out: table(out, ("Gói", "Đợt", "Tình trạng", "Người trình", "Lúc"), rows))


@app.command
def show(bundle: str, *, export: Path | None = None, session: Injected) -> None:
    """Xem một gói: sản phẩm, đối tượng, lịch, lỗi. / Show a bundle: artefacts, audience, schedule, findings.

    Parameters
    ----------
    bundle
        Các ký tự đầu của mã gói. / The start of the bundle's digest.
    export
        Thư mục chép các tệp ra để nghe, để xem. / A folder to copy the files to, to be heard and seen.
    """
    from loa import gate
    from loa.cli.forecasts import outlook_document, print_outlook
    from loa.store.artefacts import write_whole

    with session.desk() as desk:
        found = gate.find_bundle(desk, bundle)
        texts = texts_of(desk, found)
        outlook, reason = outlook_of(desk, found)
        for item in found.manifest["covered"]["deliverables"] if export else ():
            for artefact in gate.artefacts_of(found, item["deliverable"]["id"]):
                target = (export or Path()) / item["deliverable"]["id"] / artefact.name
                write_whole(target, desk.store.artefacts.read(artefact))

    def render(out: Any) -> None:
        print_bundle(out, found, texts)
        out.print()
        if outlook is None:
            out.print(f"Không dự báo được: {reason}", markup=False, highlight=False)
        else:
            print_outlook(out, outlook, with_findings=False)

    forecast = outlook_document(outlook) if outlook else None
    findings = findings_document(gate.findings_of(found))
    session.show({**_document(found), "texts": texts, "forecast": forecast, "findings": findings}, render)


def outlook_of(desk: Desk, bundle: Bundle) -> tuple[Outlook | None, str]:
    """What the very texts and people of a bundle would come to if they went out now, or why nobody can say."""
    from loa import pipeline
    from loa.model.errors import LoaError

    campaign, year, wave = bundle.wave.split("/")
    try:
        return pipeline.forecast(desk, pipeline.occasion(desk, campaign, wave, int(year)), bundle), ""
    except LoaError as error:  # a bundle of last year is still to be read
        return None, error.words.vi


def print_bundle(out: Any, bundle: Bundle, texts: list[dict[str, Any]]) -> None:
    """A bundle as an approver reads it."""
    from loa import calendar, gate

    covered = bundle.manifest["covered"]
    out.print(f"Gói {bundle.short}  {bundle.wave}  [{_DECISIONS[bundle.decision]}]", markup=False, highlight=False)
    send_at = calendar.moment_words(datetime.fromisoformat(covered["send_at"]))
    kind = _CLASSES.get(covered["message_class"], covered["message_class"])
    out.print(f"Gửi lúc / at: {send_at}  loại tin / class: {kind}", markup=False, highlight=False)
    out.print(f"Người trình / asked by: {shown(bundle.requested_by)}", markup=False, highlight=False)
    if bundle.decided_by:
        at = f", {calendar.moment_words(bundle.decided_at)}" if bundle.decided_at else ""
        words = f"{_DECISIONS[bundle.decision]}: {shown(bundle.decided_by)}{at} {shown(bundle.reason)}".rstrip()
        out.print(words, markup=False, highlight=False)
        for code, reason in (bundle.overrides or {}).items():
            out.print(f"  bỏ qua / overridden: {code}: {shown(reason)}", markup=False, highlight=False)
        if bundle.decided_by == bundle.requested_by:
            out.print("  VĂN PHÒNG MỘT NGƯỜI: người trình tự duyệt. / A one-person office: asked and approved by one.")
    rows = []
    for item in covered["deliverables"]:
        audience = item["audience"]
        whom = f"{audience['name']}: {audience['people']} người" if audience else _places(item)
        rows += [(item["deliverable"]["id"], *listed, whom) for listed in _listed(item["artefacts"])]
    table(out, ("Sản phẩm", "Tệp", "Ngôn ngữ", "Byte", "Đối tượng"), rows, (3,))
    for text in texts:
        size = f"{text['parts']} bản tin ({text['units']} ký tự {text['alphabet']}, còn trống {text['left']})"
        whose = " ".join(filter(None, (text["language"], text["commune"])))
        # whom an operator's own broadcast reaches only the operator knows
        whom = "nhà mạng tự gửi" if text["recipients"] is None else f"{text['recipients']} người"
        out.print(f"\n[{whose}] {size}, {whom}", markup=False, highlight=False)
        out.print(f"  gửi đi:  {shown(text['text'])}", markup=False, highlight=False)
        out.print(f"  có dấu:  {shown(text['accented'])}", markup=False, highlight=False)
    findings = gate.findings_of(bundle)
    out.print(f"\n{len(findings)} lỗi và lưu ý / findings")
    print_findings(out, findings)


def _listed(artefacts: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    """Name, language and size of every file; those that each commune has its own of are one line."""
    own: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    rows: list[tuple[str, str, int]] = []
    for artefact in artefacts:
        if not artefact.get("place"):
            rows.append((artefact["name"], artefact["language"], artefact["size"]))
            continue
        own.setdefault((artefact["role"], artefact["language"]), []).append(artefact)
    for (_, language), files in own.items():
        more = f" và {len(files) - 1} tệp như vậy cho các xã khác" if len(files) > 1 else ""
        rows.append((files[0]["name"] + more, language, sum(file["size"] for file in files)))
    return rows


def print_findings(out: Any, findings: Sequence[Finding]) -> None:
    """Findings as people read them, what blocks marked."""
    for finding in findings:
        mark = "CHẶN " if finding.blocks else "lưu ý"
        over = " (--override)" if finding.blocks and finding.overridable else ""
        out.print(
            f"  {mark} [{finding.code}]{over} {finding.subject}: {finding.words.vi}", markup=False, highlight=False
        )


def _places(item: dict[str, Any]) -> str:
    """Whom a package is for."""
    return f"{len(item['places'])} xã, phường, đặc khu"


def findings_document(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as JSON."""
    return [
        {
            "code": found.code,
            "level": found.level.value,
            "overridable": found.overridable,
            "subject": found.subject,
            "vi": found.words.vi,
            "en": found.words.en,
        }
        for found in findings
    ]


def texts_of(desk: Any, bundle: Bundle) -> list[dict[str, Any]]:
    """The SMS texts of a bundle, both forms side by side."""
    import json

    from loa import gate

    found: list[dict[str, Any]] = []
    for item in bundle.manifest["covered"]["deliverables"]:
        for artefact in gate.artefacts_of(bundle, item["deliverable"]["id"]):
            if artefact.role == "bodies":
                found += json.loads(desk.store.artefacts.read(artefact))["texts"]
    return found


@app.command
def approve(
    bundle: str,
    *,
    by: Who = None,
    override: Annotated[list[str] | None, Parameter(negative=())] = None,
    session: Injected,
) -> None:
    """Phê duyệt một gói. Người trình không được tự duyệt. / Approve a bundle; whoever asked may not.

    Parameters
    ----------
    bundle
        Các ký tự đầu của mã gói. / The start of the bundle's digest.
    by
        Người duyệt; hoặc biến LOA_ACTOR. / Who approves; or LOA_ACTOR.
    override
        MÃ=LÝ-DO: bỏ qua một lỗi được phép bỏ qua. / CODE=REASON: pass a finding that may be passed.
    """
    from loa import gate

    reasons = {item.partition("=")[0].strip(): item.partition("=")[2] for item in override or ()}
    with session.desk() as desk:
        done = gate.approve(desk, gate.find_bundle(desk, bundle), session.actor(by), reasons)
    words = f"Đã phê duyệt gói {done.short} ({done.wave}). / Approved by {done.decided_by}."
    session.show(_document(done), lambda out: out.print(words, markup=False, highlight=False))


@app.command(name="request-changes")
def request_changes(bundle: str, *, reason: str, by: Who = None, session: Injected) -> None:
    """Yêu cầu chỉnh sửa một gói. / Ask for changes to a bundle.

    Parameters
    ----------
    bundle
        Các ký tự đầu của mã gói. / The start of the bundle's digest.
    reason
        Cần sửa gì. / What must change.
    by
        Người yêu cầu; hoặc biến LOA_ACTOR. / Who asks; or LOA_ACTOR.
    """
    from loa import gate

    with session.desk() as desk:
        done = gate.request_changes(desk, gate.find_bundle(desk, bundle), session.actor(by), reason)
    words = f"Đã yêu cầu chỉnh sửa gói {done.short}. / Changes requested."
    session.show(_document(done), lambda out: out.print(words, markup=False, highlight=False))


def _document(bundle: Bundle) -> dict[str, Any]:
    return {
        "digest": bundle.digest,
        "wave": bundle.wave,
        "decision": bundle.decision.value,
        "requested_by": bundle.requested_by,
        "requested_at": bundle.requested_at,
        "decided_by": bundle.decided_by,
        "reason": bundle.reason,
        "overrides": dict(bundle.overrides or {}),
        "manifest": dict(bundle.manifest),
    }
