"""Delivers what was approved of a wave, in batches."""

from __future__ import annotations

from prefect import flow, get_run_logger

from loa import pipeline
from loa.model.errors import PartlyDelivered
from loa.orchestrator import as_task, at_desk


@flow(name="release", flow_run_name="release {campaign} {wave}")
async def release(campaign: str, wave: str, year: int | None = None, workspace: str = "") -> int:
    """Gửi một đợt đã được phê duyệt. Chạy lại không gửi lại. / Release an approved wave; running again resends nothing.

    Args:
        campaign: Mã chiến dịch, ví dụ dvc-10-10. / The campaign's id.
        wave: Mã đợt, ví dụ d-30. / The wave's id.
        year: Năm; để trống là đợt sắp tới. / The year; empty is the coming edition.
        workspace: Thư mục làm việc; để trống là thư mục của máy chạy. / The workspace; empty is the worker's.
    """
    async with at_desk(workspace) as desk:
        released = await pipeline.release(desk, pipeline.occasion(desk, campaign, wave, year), as_task)
    get_run_logger().info(
        f"{released.wave}: đã gửi {released.done}, còn {released.left} / sent {released.done}, left {released.left}"
    )
    if released.left or released.held:
        raise PartlyDelivered(released.wave, released.done, released.left, released.held)
    return released.done
