"""The loudspeaker room."""
