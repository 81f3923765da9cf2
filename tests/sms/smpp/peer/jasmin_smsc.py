"""Runs the SMSCs of Jasmin's own tests, each on a port of its own: python jasmin_smsc.py SMSC_SIMULATOR.PY

First line on stdout: a JSON object, their names and ports. It ends when its stdin does. Needs `smpp.pdu3` and `twisted`
on the path; the SMSCs are loaded from where they lie, in Jasmin's source distribution (Apache-2.0).
"""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
from typing import Any

from smpp.pdu import constants
from twisted.internet import protocol, reactor


def factory(smsc: type[Any]) -> protocol.Factory:
    made = protocol.Factory()
    made.protocol = smsc
    return made


def with_receipts(smsc: type[Any]) -> type[Any]:
    """The one whose receipts its test asks for by hand: here each submit brings its receipt a little later."""

    class Prompt(smsc):  # type: ignore[misc]
        def handleSubmit(self, request: Any) -> None:  # noqa: N802 - its own name
            super().handleSubmit(request)
            reactor.callLater(0.05, self.trigger_DLR)

    return Prompt


def main(source: str) -> None:
    spec = importlib.util.spec_from_file_location("smsc_simulator", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = {name: value for name, value in vars(module).items() if name.endswith(("SMSC", "Recorder", "MPS"))}
    found["ManualDeliveryReceiptHappySMSC"] = with_receipts(found["ManualDeliveryReceiptHappySMSC"])
    ports = {
        name: reactor.listenTCP(0, factory(smsc), interface="127.0.0.1").getHost().port for name, smsc in found.items()
    }
    statuses = {code: value["name"] for code, value in constants.command_status_value_map.items() if code > 0}
    sys.stdout.write(json.dumps({"ports": ports, "statuses": statuses}) + "\n")
    sys.stdout.flush()

    def until_alone() -> None:
        sys.stdin.read()
        reactor.callFromThread(reactor.stop)

    threading.Thread(target=until_alone, daemon=True).start()
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1])
