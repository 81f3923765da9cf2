"""Who gets which text: the approved texts joined to the people of the approved audience, as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from loa.channel import Desk, Job
from loa.model.artefact import Artefact
from loa.sms import bodies as texts

if TYPE_CHECKING:
    import polars as pl

BATCH = 100_000  # people in memory at once: the ledger puts them in its order, and is the quicker the more there are


def counted(job: Job, desk: Desk) -> texts.Counts:
    """How many recipients of a deliverable are in each context, by operator; a batch of them in memory at a time."""
    shape = texts.blank(job, desk)
    counts: dict[texts.Context, dict[str, int]] = {}
    for people in desk.store.audiences.batches(texts.audience_of(job, desk), BATCH):
        for context, operators in texts.count(job, people, shape).items():
            of_context = counts.setdefault(context, {})
            for operator, number in operators.items():
                of_context[operator] = of_context.get(operator, 0) + number
    return counts


def planned(job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Iterator[pl.DataFrame]:
    """The recipients of a deliverable, each with its text, a batch at a time (`loa.store.expansion.PLAN`)."""
    made = texts.read(artefacts, desk)
    groups = list(texts.sms_of(job).groups)
    info = texts.audience_of(job, desk)
    return (with_texts(people, made, groups) for people in desk.store.audiences.batches(info, BATCH))


def with_texts(people: pl.DataFrame, made: texts.Bodies, groups: Sequence[str] = ()) -> pl.DataFrame:
    """People (columns of `loa.store.audiences`), of these groups or all, as the ledger plans them.

    Raises `LookupError` where somebody has no text: then these are not the people that the texts were made for.
    """
    import polars as pl

    kinds = {"language": pl.String, "place": pl.String, "body": pl.String, "parts": pl.Int64}
    by_context = pl.DataFrame(
        [(one.language, one.commune, one.key, one.parts) for one in made.texts], schema=kinds, orient="row"
    )
    language, place = made.context_columns()
    chosen = people.filter(pl.col("group").is_in(list(groups))) if groups else people
    found = chosen.select(
        pl.col("phone").alias("recipient"), "operator", "commune", language, place.alias("place")
    ).join(by_context, on=["language", "place"], how="left", maintain_order="left")
    if found["body"].null_count():
        raise LookupError("somebody in the audience has no text")
    return found.drop("place").with_columns(pl.lit("").alias("suppressed"))
