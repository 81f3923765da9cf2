"""Makes and checks everything of a wave and puts it up for review."""

from __future__ import annotations

from prefect import flow, get_run_logger

from loa import pipeline
from loa.orchestrator import as_task, at_desk


@flow(name="prepare", flow_run_name="prepare {campaign} {wave}")
async def prepare(
    campaign: str, wave: str, year: int | None = None, requested_by: str = "lich-tu-dong", workspace: str = ""
) -> str:
    """Chuẩn bị một đợt: soạn tin nhắn, bản tin, áp phích; kiểm tra; trình thẩm định. / Prepare a wave for review.

    Args:
        campaign: Mã chiến dịch, ví dụ dvc-10-10. / The campaign's id.
        wave: Mã đợt, ví dụ d-30. / The wave's id.
        year: Năm; để trống là đợt sắp tới. / The year; empty is the coming edition.
        requested_by: Người trình. / Who asks for the review; that person may not approve.
        workspace: Thư mục làm việc; để trống là thư mục của máy chạy. / The workspace; empty is the worker's.
    """
    async with at_desk(workspace) as desk:
        bundle = await pipeline.prepare(desk, pipeline.occasion(desk, campaign, wave, year), requested_by, as_task)
    get_run_logger().info(f"{bundle.wave}: gói {bundle.short} / bundle {bundle.short}")
    return bundle.digest
