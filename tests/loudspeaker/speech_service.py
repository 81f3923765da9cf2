"""A stand-in for the online speech service: a server on loopback that answers as it is told and keeps what it got."""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass
class Service:
    """`status`, `body` and `headers` are what the next requests get; `asked` is (text, language) of those so far."""

    sound: bytes
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    asked: list[tuple[str, str]] = field(default_factory=list)
    base_url: str = ""

    def answer(self) -> bytes:
        if self.body is not None:
            return self.body
        inner = json.dumps([base64.b64encode(self.sound).decode()])
        outer = [["wrb.fr", "jQ1olc", inner, None, None, None, "generic"]]
        return b")]}'\n\n" + json.dumps(outer, separators=(",", ":")).encode()


@contextlib.contextmanager
def serving(sound: bytes, certificate: tuple[str, str] | None = None) -> Iterator[Service]:
    """Starts the service on a free port, over TLS with `certificate` (chain and key files), and stops it."""
    service = Service(sound)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            request = json.loads(json.loads(parse_qs(body)["f.req"][0])[0][0][1])
            service.asked.append((request[0], request[1]))
            time.sleep(service.delay)
            answer = service.answer()
            with contextlib.suppress(OSError):  # the client may have gone: that is what some tests are about
                self.send_response(service.status)
                for name, value in service.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Says nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refused handshakes are expected
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    service.base_url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
