"""A worker that works until it is killed: python -m … URL ROOT WINDOW. Says a line for every window it has claimed."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

from loa.model.clock import VIETNAM, FixedClock
from loa.model.ledger import Change
from loa.model.states import RowState
from loa.store import JobKey, Store
from loa.store.lanes import this_process

url, root, window = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
now = datetime(2027, 9, 10, 8, 0, tzinfo=VIETNAM)
job = JobKey("dvc-10-10/2027/d-30", "sms-people", "sms")
store = Store.open(url, root, FixedClock(now))
lease = store.lanes.take("simulator-1", this_process(), now)
if lease is None:
    sys.exit("the lane is held")
turn = 0
while rows := store.ledger.claim(job, 1, lease, window, now).rows:
    sys.stdout.write(" ".join(row.id for row in rows) + "\n")  # the bytes leave: from here on they are with the gateway
    sys.stdout.flush()
    turn += 1
    if turn % 3:  # now and then an answer never comes
        store.ledger.record(lease, [Change(row.id, RowState.ACCEPTED, gateway_id=row.id) for row in rows], now)
    now += timedelta(milliseconds=1)
