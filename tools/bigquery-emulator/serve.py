"""Runs the emulator, with one flaw mended, until standard input is closed: it never outlives its parent, even a killed one."""

import os
import sys
import threading

from bqemulator.cli import main
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB


def leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


# BigQuery's NUMERIC has nine digits after the point. The emulator says so for literals only: a column that a statement
# creates, and a cast, would be DuckDB's plain DECIMAL, which rounds to three.
DuckDB.Generator.TYPE_PARAM_SETTINGS[exp.DType.DECIMAL] = ((38, 9), (38, 38))

threading.Thread(target=leave_with_parent, daemon=True).start()
main()
