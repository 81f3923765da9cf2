"""Reads filled air-log sheets back: our own, partly filled, or a clerk's own table.

sources (files, folders, zips) -> lines (tables, columns, what stands above) -> cells (days, hours, lengths) -> entries
-> taking, which is the only part that knows the ledger.
"""
