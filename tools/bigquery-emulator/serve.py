"""Runs the emulator, with six flaws mended, until standard input is closed: it never outlives its parent, even a killed one."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import sqlglot
from bqemulator.catalog import ddl_sync
from bqemulator.cli import main
from bqemulator.domain.errors import InternalError
from bqemulator.grpc_api import read_servicer
from bqemulator.jobs import executor
from bqemulator.storage.engine import DuckDBEngine
from google.cloud.bigquery_storage_v1 import types
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB


def leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


# BigQuery's NUMERIC has nine digits after the point. The emulator says so for literals only: a column that a statement
# creates, and a cast, would be DuckDB's plain DECIMAL, which rounds to three.
DuckDB.Generator.TYPE_PARAM_SETTINGS[exp.DType.DECIMAL] = ((38, 9), (38, 38))

class ReadRows:
    """The rows that one ReadRows call is for, in messages of a few of them.

    The emulator begins at the first row whatever `offset` is asked for, and 65,536 of our rows are more than a message may hold.
    https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#readrowsrequest
    """

    def __init__(self, table, offset):
        self._table = table.slice(offset)

    def __getattr__(self, name):
        return getattr(self._table, name)

    def to_batches(self, max_chunksize):
        return self._table.to_batches(max_chunksize=min(max_chunksize, 8192))


offsets = {}
get_stream_data = read_servicer.get_stream_data
handle_read_rows = read_servicer.BigQueryReadHandler._handle_read_rows


def get_asked_rows(session, stream):
    table = get_stream_data(session, stream)
    return None if table is None else ReadRows(table, offsets.get(stream, 0))


def note_offset(handler, request_bytes, context):
    request = types.ReadRowsRequest.deserialize(request_bytes)
    offsets[request.read_stream] = request.offset
    return handle_read_rows(handler, request_bytes, context)


read_servicer.get_stream_data = get_asked_rows
read_servicer.BigQueryReadHandler._handle_read_rows = note_offset

# Each open stream of the Storage Write API takes a thread for as long as it lives, and one whose connection broke for good.
# Python's pool has four more than the machine has cores: with the fourth or fifth broken stream nobody was answered any more.
start_pool = ThreadPoolExecutor.__init__


def start_large_pool(pool, max_workers=None, *arguments, **options):
    start_pool(pool, max_workers or 1000, *arguments, **options)


ThreadPoolExecutor.__init__ = start_large_pool

# The Storage API's threads would use the one connection to DuckDB that REST uses in its own: now and then a statement lost its result
# to another, and a request failed with an internal error. A connection serves one thread; the lock keeps two from writing one row of the catalog.
of_thread = threading.local()
one_at_a_time = threading.RLock()
execute = DuckDBEngine.execute


def connection_of_thread(engine):
    if engine._connection is None:
        raise InternalError("DuckDBEngine not started")
    if threading.current_thread() is threading.main_thread():
        return engine._connection
    if getattr(of_thread, "connection", None) is None:
        of_thread.connection = engine._connection.cursor()
        of_thread.connection.execute("SET TimeZone = 'UTC'")
    return of_thread.connection


def execute_alone(engine, sql, parameters=None):
    with one_at_a_time:
        return execute(engine, sql, parameters)


DuckDBEngine.connection = property(connection_of_thread)
DuckDBEngine.execute = execute_alone

# An ALTER TABLE changes the columns of a table, but not what the emulator's catalog says of them.
sync_created_table = executor.sync_created_table


def sync_altered_table(sql, project, context):
    sync_created_table(sql, project, context)
    if not sql.lstrip().upper().startswith("ALTER TABLE"):
        return
    statement = sqlglot.parse_one(sql, read="bigquery")
    if not isinstance(statement, exp.Alter) or not isinstance(statement.this, exp.Table):
        return
    name = ddl_sync._split_target(statement.this, project)
    table = context.catalog.get_table(*name)
    if table is None:
        return
    known = {field.name: field for field in table.schema_.fields}
    fields = tuple(known.get(field.name, field) for field in ddl_sync._introspect_schema(*name, context).fields)
    schema = table.schema_.model_copy(update={"fields": fields})
    context.catalog.update_table(table.model_copy(update={"schema_": schema}))


executor.sync_created_table = sync_altered_table

threading.Thread(target=leave_with_parent, daemon=True).start()
main()
