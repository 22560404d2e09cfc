"""Write into `sampling/verify_draw.html` the policy that lets its own script run and nothing else.

python tools/seal_verifier.py          after each change of the file
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "sampling" / "verify_draw.html"


def sealed(page: str) -> str:
    """Return the page with the policy that its script and style need."""
    policy = [
        "default-src 'none'",
        f"script-src '{_hash(page, 'script')}'",
        f"style-src '{_hash(page, 'style')}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return re.sub(
        r'(?<=content=")(SEALED|default-src [^"]*)(?=")', lambda _: "; ".join(policy), page, count=1
    )


def _hash(page: str, tag: str) -> str:
    found = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    if found is None:
        raise SystemExit(f"no <{tag}> in the page")
    digest = hashlib.sha256(found[1].encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def main() -> None:
    """Seal the page."""
    PAGE.write_text(sealed(PAGE.read_text()))
    sys.stdout.write(f"{PAGE.name} sealed\n")


if __name__ == "__main__":
    main()
