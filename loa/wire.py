"""Small things that everything which speaks over the network needs. Opens no connection itself."""

from __future__ import annotations

import ssl
from email.utils import parsedate_to_datetime
from pathlib import Path

from loa.model.clock import Clock
from loa.model.errors import ContentError


def retry_after(value: str, clock: Clock) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3), which is a number of them or a date."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (parsedate_to_datetime(value) - clock.now()).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date; one without a zone; one beyond all calendars
        return None


def why(error: Exception) -> str:
    """One word for why an HTTP request of aiohttp failed; never an address."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return "tls"
    return "timeout" if isinstance(error, TimeoutError) else "connect"


def trusting(own_ca: Path | None) -> ssl.SSLContext:
    """TLS that verifies: against the machine's certificates, or against those of a PEM file alone.

    Raises `ContentError` for a file that is not there or holds none.
    """
    if own_ca is None:
        return ssl.create_default_context()
    if not own_ca.is_file():
        raise ContentError.at("file-missing", own_ca)
    try:
        return ssl.create_default_context(cafile=own_ca)
    except ssl.SSLError:
        raise ContentError.at("certificates-unreadable", own_ca) from None
