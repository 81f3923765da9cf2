"""Frozen values, states and the one error tree. Imports nothing of ours: everything else imports this."""
