"""Words: one normal form, templates in a closed language, and what may not go out."""
