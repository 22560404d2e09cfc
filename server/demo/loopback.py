"""The real application behind the real production server, on a port of this machine alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server


@contextmanager
def serving(app: Flask, threads: int = 4) -> Iterator[str]:
    """Serve `app` on an ephemeral loopback port and give its address, without a final slash.

    Its public address is put aside meanwhile: lists would send the phones there.
    """
    settings = app.config["THUCDIA"]
    app.config["THUCDIA"] = replace(settings, public_url=None)
    server: Any = create_server(
        app,
        host="127.0.0.1",
        port=0,
        threads=threads,
        max_request_body_size=settings.max_body_bytes + 1_000_000,
        clear_untrusted_proxy_headers=True,
        ident="",
    )
    thread = threading.Thread(target=server.run, name="loopback", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # Closed in the loop's own thread; a loop with nothing left to watch ends by itself. It may
        # be awake and do so before the trigger is pulled, which is then gone.
        with suppress(OSError):
            server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map, ignore_all=True))
        thread.join(10)
        server.task_dispatcher.shutdown()
        app.config["THUCDIA"] = settings
