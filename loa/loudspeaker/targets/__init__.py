"""Where packages are pushed to. One module a kind; `base.py` says what a target must do, `push.py` tries again."""
