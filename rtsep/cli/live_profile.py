"""The profile of a session that somebody plays, written when it is over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtsep.cli.figures import say
from rtsep.cli.profile_files import write_profile
from rtsep.session.live.session import LiveSession
from rtsep.session.profiling import LOOK_SECONDS, Watch


@contextmanager
def watching(session: LiveSession) -> Iterator[Watch]:
    """Meanwhile a thread collects what the session notes."""
    watch, over = Watch(session), threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            watch.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


def write(path: Path, watch: Watch) -> None:
    """Tells where it went."""
    run = watch.run()
    if not len(run.made):
        say("no profile was written: the session ended before a hop had come to its turn")
        return
    write_profile(path, run)
    say(f"written: {path}")
