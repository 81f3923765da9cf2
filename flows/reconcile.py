"""Settles what is in doubt, and holds the counters against the rows."""

from __future__ import annotations

from prefect import flow, get_run_logger

from loa import reconciling
from loa.model.errors import StoreError
from loa.orchestrator import at_desk


@flow(name="reconcile")
async def reconcile(workspace: str = "") -> int:
    """Đối soát: hỏi lại các tin chưa rõ kết quả. / Reconcile: ask about messages in doubt.

    Args:
        workspace: Thư mục làm việc; để trống là thư mục của máy chạy. / The workspace; empty is the worker's.
    """
    async with at_desk(workspace) as desk:
        found = await reconciling.reconcile(desk)
    get_run_logger().info(
        f"{found.settled} đã rõ, {found.in_doubt} chưa rõ / {found.settled} settled, {found.in_doubt} in doubt"
    )
    if found.failed:
        raise found.failed[0]
    if found.mismatched:
        raise StoreError("counters-differ", {"count": len(found.mismatched)})
    return found.in_doubt
