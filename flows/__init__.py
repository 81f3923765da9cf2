"""Prefect flows and tasks only: each body is a few calls into `loa.pipeline`."""
