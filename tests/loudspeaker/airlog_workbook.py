"""Workbooks as spreadsheet programs write them, for tests that read them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from importlib import import_module
from typing import Any


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], merged: Sequence[str] = ()) -> bytes:
    """Cells of texts, numbers, days, hours; `merged`: a sheet's name and its merged ranges."""
    buffer = io.BytesIO()
    with import_module("xlsxwriter").Workbook(buffer, {"in_memory": True}) as book:
        forms = {
            datetime: book.add_format({"num_format": "dd/mm/yyyy hh:mm"}),
            date: book.add_format({"num_format": "dd/mm/yyyy"}),
            time: book.add_format({"num_format": "hh:mm"}),
        }
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    if type(cell) in forms:
                        page.write_datetime(number, place, cell, forms[type(cell)])
                    elif isinstance(cell, str):
                        page.write_string(number, place, cell)
                    else:
                        page.write(number, place, cell)
            for span in merged[1:] if merged and merged[0] == name else ():
                first = span.partition(":")[0]
                column, line = ord(first[0]) - ord("A"), int(first[1:]) - 1
                kept = rows[line][column]
                page.merge_range(span, "")
                if type(kept) in forms:
                    page.write_datetime(line, column, kept, forms[type(kept)])
                else:
                    page.write(line, column, kept)
    return buffer.getvalue()
