"""What hangs on a step taken at a desk follows soon: above all the lists that phones carry."""

from flask import current_app

from server.jobs import Jobs


def follow() -> None:
    """Have the worker look for what the journal asks to be done, now that it is committed."""
    jobs: Jobs = current_app.extensions["jobs"]
    jobs.poke()
