"""Does the work that waits in an installation, and prints what it took as JSON.

THUCDIA_VAR=… DATABASE_URL=… python -m bench.drain
"""

import json
import time

from server.app import create_app


def main() -> None:
    """Do what `thucdia work` would do, once, and tell CPU apart from the program's own start."""
    app = create_app()
    began, cpu = time.perf_counter(), time.process_time()
    app.extensions["jobs"].drain()
    spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - began}
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
