"""Sampling at a desk, without a server: `python -m sampling draw|verify|size|estimate`."""

import sys

from sampling.cli import main

if __name__ == "__main__":
    sys.exit(main())
