"""Loa (Vietnamese for loudspeaker): outreach-campaign automation for Vietnam's provinces.

One campaign file becomes every message a province sends about its online public services. Start reading at
`loa.pipeline`, which tells the whole path from top to bottom; `ARCHITECTURE.md` is the map of the house.
"""

__version__ = "0.1.0"
