"""Makes sure that the browser tests have a browser: Debian's chromium, installed when root."""

import os
import shutil
import subprocess
import sys

PACKAGES = ("chromium", "fonts-noto-core")


def main() -> int:
    """Return 0: with a browser, or with a sentence that says the browser tests will be skipped."""
    if shutil.which("chromium"):
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _quietly("apt-get", "update", "-q")
        _quietly("apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES)
    if not shutil.which("chromium"):
        sys.stderr.write(
            "Không có chromium nên bỏ qua các phép thử trình duyệt (apt install chromium) / "
            "no chromium: the browser tests will be skipped (apt install chromium)\n"
        )
    return 0


def _quietly(*command: str) -> None:
    subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - fixed words


if __name__ == "__main__":
    sys.exit(main())
