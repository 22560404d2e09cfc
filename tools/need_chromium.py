"""Makes sure that the browser tests have a browser: Debian's chromium, installed when root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.chromium import PROGRAMS, program

FONTS = "fonts-noto-core"


def main() -> int:
    """Return 0: with a browser, or with a sentence that says the browser tests will be skipped."""
    if program():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _quietly("apt-get", "update", "-q")
        for package in PROGRAMS:
            _quietly("apt-get", "install", "-y", "-q", "--no-install-recommends", package, FONTS)
            if program():
                return 0
    sys.stderr.write(
        "Không có chromium nên bỏ qua các phép thử trình duyệt "
        "(apt install chromium-headless-shell) / no chromium: the browser tests will be skipped "
        "(apt install chromium-headless-shell)\n"
    )
    return 0


def _quietly(*command: str) -> None:
    subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - fixed words


if __name__ == "__main__":
    sys.exit(main())
