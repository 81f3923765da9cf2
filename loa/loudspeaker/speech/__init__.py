"""Speech engines: one module each. `ls` is the catalogue."""
