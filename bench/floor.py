"""The floor: the least a server in Python can do with a filled form and still keep its promise.

Flask, its multipart parser, one committed row, one OpenRosa answer; behind the same web server
with the same number of threads. Nothing is checked, linked or journalled.

    python -m bench.floor PORT DATABASE_URL
"""

import sqlite3
import sys
import threading
import time
from typing import Any

import psycopg
from flask import Flask, Response, request
from waitress import serve

THREADS = 8
TABLE = "CREATE TABLE IF NOT EXISTS sent (id {key} PRIMARY KEY, at DOUBLE PRECISION, xml {blob})"
ANSWER = (
    '<OpenRosaResponse xmlns="http://openrosa.org/http/response">'
    '<message nature="">Đã nhận phiếu.</message></OpenRosaResponse>'
)


class Sqlite:
    """One connection a thread, WAL, every commit synced; writers take turns."""

    def __init__(self, path: str) -> None:
        self.path, self.mine, self.turn = path, threading.local(), threading.Lock()
        self.connection().execute(TABLE.format(key="INTEGER", blob="BLOB"))

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        if not hasattr(self.mine, "connection"):
            found = sqlite3.connect(self.path, isolation_level=None)
            found.execute("PRAGMA journal_mode=WAL")
            found.execute("PRAGMA synchronous=FULL")
            self.mine.connection = found
        kept: sqlite3.Connection = self.mine.connection
        return kept

    def keep(self, xml: bytes) -> None:
        """Commit one row."""
        with self.turn:
            self.connection().execute(
                "INSERT INTO sent (at, xml) VALUES (?, ?)", (time.time(), xml)
            )


class Postgres:
    """One connection a thread, every commit synced."""

    def __init__(self, url: str) -> None:
        self.url, self.mine = url.replace("+psycopg", ""), threading.local()
        self.connection().execute(TABLE.format(key="BIGSERIAL", blob="BYTEA"))

    def connection(self) -> "psycopg.Connection[Any]":
        """Return this thread's connection."""
        if not hasattr(self.mine, "connection"):
            self.mine.connection = psycopg.connect(self.url, autocommit=True)
        kept: psycopg.Connection[Any] = self.mine.connection
        return kept

    def keep(self, xml: bytes) -> None:
        """Commit one row."""
        self.connection().execute("INSERT INTO sent (at, xml) VALUES (%s, %s)", (time.time(), xml))


def application(url: str) -> Flask:
    """Return the bare application on a database."""
    app = Flask("floor")
    store = Sqlite(url[len("sqlite:///") :]) if url.startswith("sqlite") else Postgres(url)

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.post("/submission")
    def submission() -> Response:
        store.keep(request.files["xml_submission_file"].read())
        return Response(ANSWER, 201, content_type="text/xml; charset=utf-8")

    return app


if __name__ == "__main__":
    serve(application(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), threads=THREADS)
