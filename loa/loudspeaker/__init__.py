"""The loudspeaker room: words, voices, mastering and the broadcast package."""
