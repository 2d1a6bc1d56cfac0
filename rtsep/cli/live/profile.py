"""The profile of a session that somebody plays, written when it is over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtsep.cli.common.figures import say
from rtsep.cli.measure.profile_files import check_profile, write_profile
from rtsep.live_session.session import LiveSession
from rtsep.measure.profiling import LOOK_SECONDS, Watch


class LiveProfile:
    """Of one session, into one file."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError for a page that could not be drawn."""
        check_profile(path)
        self._path = path
        self._watch: Watch | None = None

    @contextmanager
    def watching(self, session: LiveSession) -> Iterator[None]:
        """Meanwhile a thread collects what the session notes."""
        watch, over = Watch(session), threading.Event()
        self._watch = watch

        def look() -> None:
            while not over.wait(LOOK_SECONDS):
                watch.look()

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def write(self) -> None:
        """Tells where it went. To be called after `watching`."""
        assert self._watch is not None
        run = self._watch.run()
        if not len(run.made):
            say("no profile was written: the session ended before a hop had come to its turn")
            return
        write_profile(self._path, run)
        say(f"written: {self._path}")
