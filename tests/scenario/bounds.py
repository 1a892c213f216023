"""Time and place of a run. In: the environment that tests/scenario/run sets. Out: the build folder, scaled
times, bounded waiting. Nothing here or in the tests waits for a time to pass: they wait for a condition, with an end."""

import os
import time

BUILD = os.path.abspath(os.environ.get("MARMOSET_BUILD", "build/release"))
SOURCES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Sanitizers make the programs several times slower: limits of the tests grow by this factor.
SLOW = float(os.environ.get("MARMOSET_SLOW", "1"))
PATIENCE = 10.0
ROOT = os.getuid() == 0


class Overdue(AssertionError):
    """Something awaited did not happen in its time."""


def scaled(seconds):
    return seconds * SLOW


def program(name):
    return os.path.join(BUILD, "bin", name)


def wait_for(what, condition, seconds=PATIENCE):
    """Asks `condition` until it answers something true, which is returned. It is asked once more when the time is over: this
    process may have been stopped meanwhile, not the others."""
    end = time.monotonic() + scaled(seconds)
    while True:
        late = time.monotonic() > end
        result = condition()
        if result:
            return result
        if late:
            raise Overdue(f"waited {scaled(seconds):g} s for {what() if callable(what) else what}")
        time.sleep(0.005)


def deadline(seconds):
    """Decorator: the time one test may take, instead of the runner's 60 s."""

    def mark(test):
        test.deadline = seconds
        return test

    return mark
