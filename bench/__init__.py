"""How fast, how much memory: the real server, driven as phones drive it, beside a bare floor.

    python -m bench                 every bench, on SQLite and PostgreSQL
    python -m bench ingest -n 5000  one of them
    python -m bench --write         and put the tables into bench/README.md

On a machine that does other things too, CPU per request is the figure to trust.
"""
