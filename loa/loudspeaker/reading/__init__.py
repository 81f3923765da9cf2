"""How each kind of token is read aloud: one module a kind, pure functions, no file and no network."""
