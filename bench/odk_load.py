"""The same load on any OpenRosa server, ours or another: for comparisons by anybody.

It speaks what a phone speaks, and prints one JSON object: rates, waits, statuses, and, for a
process given by its number, CPU and memory of it and all below it.

    python -m bench.odk_load submit   URL -n 2000 -c 8 --pid 1234 [--photo-bytes 200000]
    python -m bench.odk_load replay   URL …   the same again
    python -m bench.odk_load mixed    URL --copies 3 …   copies of each at once
    python -m bench.odk_load formlist | manifest | form  URL -n 500
    python -m bench.odk_load get      URL/any/path -n 10

URL is what comes before /formList and /submission; the form is taken from the server's own list,
the first one or that of `--form-id`.
"""

import argparse
import base64
import json
import os
import secrets
import sys
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

from bench.filling import Filler
from bench.load import STORED, Job, Outcome, Sender, drive, interviews
from bench.meter import Reading, metered
from bench.wire import Connection

SENDING = ("submit", "replay", "mixed")
ASKING = ("formlist", "manifest", "form", "get")


def main() -> int:
    """Do what the command line asks for; return 1 when an answer was not as it should be."""
    asked = _arguments()
    url = urlsplit(asked.url.rstrip("/"))
    headers = list(asked.header)
    if asked.basic:
        headers.append("Authorization: Basic " + base64.b64encode(asked.basic.encode()).decode())
    sender = Sender(f"{url.scheme}://{url.netloc}", url.path, headers)
    found = _send(asked, sender) if asked.mode in SENDING else [_ask(asked, sender)]
    print(json.dumps({"mode": asked.mode, "phones": asked.phones, "runs": found}))
    return int(any(run["refusals"] for run in found))


def _send(asked: argparse.Namespace, sender: Sender) -> list[dict[str, object]]:
    form = Filler(_fetch(sender, _listed(asked, sender)["downloadUrl"]))
    if asked.photo_bytes and not form.takes_photos:
        raise SystemExit("the form has no photo question")
    seed = secrets.randbits(48) if asked.seed is None else asked.seed
    copies = asked.copies if asked.mode == "mixed" else 1
    jobs = interviews(sender, form, asked.count, seed, asked.photo_bytes, copies)
    times = 2 if asked.mode == "replay" else 1
    return [_measured(asked, sender, jobs, STORED | {200}) for _ in range(times)]


def _ask(asked: argparse.Namespace, sender: Sender) -> dict[str, object]:
    path = {
        "formlist": lambda: f"{sender.prefix}/formList",
        "manifest": lambda: urlsplit(_listed(asked, sender)["manifestUrl"]).path,
        "form": lambda: urlsplit(_listed(asked, sender)["downloadUrl"]).path,
        "get": lambda: sender.prefix,
    }[asked.mode]()
    request = sender.get(path)
    return _measured(asked, sender, [lambda: request] * asked.count, {200})


def _measured(
    asked: argparse.Namespace, sender: Sender, jobs: list[Job], good: "set[int] | frozenset[int]"
) -> dict[str, object]:
    with metered(server=asked.pid or os.getpid()) as reading:
        out = drive(sender.base_url, jobs, asked.phones, good, strict=False)
    return {**out.summary(), **_machine(asked, out, reading)}


def _machine(asked: argparse.Namespace, out: Outcome, reading: Reading) -> dict[str, object]:
    if not asked.pid:
        return {"load": reading.load}
    server = reading.groups["server"]
    return {
        "load": reading.load,
        "foreign_cores": round(reading.foreign_cores, 2),
        "cpu_ms_per_request": round(reading.cpu_ms("server", out.good), 3),
        "peak_rss_mb": round(server.peak_rss_mb, 1),
        "peak_pss_mb": round(server.peak_pss_mb, 1),
    }


def _listed(asked: argparse.Namespace, sender: Sender) -> dict[str, str]:
    """Return the entry of the form in the server's list, by element."""
    root = ET.fromstring(_fetch(sender, f"{sender.base_url}{sender.prefix}/formList"))
    for entry in root:
        found = {child.tag.rsplit("}", 1)[-1]: (child.text or "").strip() for child in entry}
        if asked.form_id in {None, found.get("formID")}:
            return found
    raise SystemExit("the server lists no such form")


def _fetch(sender: Sender, address: str) -> bytes:
    place = urlsplit(address)
    connection = Connection(sender.base_url)
    path = f"{place.path}?{place.query}" if place.query else place.path
    answer = connection.ask(sender.get(path))
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{place.path}: {answer.status} {answer.body[:200]!r}")
    return answer.body


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.odk_load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("mode", choices=[*SENDING, *ASKING])
    parser.add_argument("url")
    parser.add_argument("-n", "--count", type=int, default=100)
    parser.add_argument("-c", "--phones", type=int, default=8)
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("--photo-bytes", type=int, default=0)
    parser.add_argument("--form-id")
    parser.add_argument("--seed", type=int, help="same seed, same forms")
    parser.add_argument("--header", action="append", default=[], help="'Name: value'")
    parser.add_argument("--basic", help="user:password")
    parser.add_argument("--pid", type=int, help="the server's first process, on this machine")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
