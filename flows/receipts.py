"""Fetches what the networks say of messages that are out."""

from __future__ import annotations

from prefect import flow, get_run_logger

from loa import pipeline
from loa.orchestrator import at_desk


@flow(name="receipts")
async def receipts(workspace: str = "") -> int:
    """Lấy báo cáo kết quả gửi từ các cổng gửi tin. / Fetch receipts from the gateways.

    Args:
        workspace: Thư mục làm việc; để trống là thư mục của máy chạy. / The workspace; empty is the worker's.
    """
    async with at_desk(workspace) as desk:
        moved = await pipeline.receipts(desk)
    get_run_logger().info(f"{moved} tin có kết quả mới / {moved} rows moved")
    return moved
