"""Ctrl-C that waits for a safe place."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class DeferredInterrupt:
    """Within the block, the first Ctrl-C is raised by `check`; a second one is raised at once.

    An interrupt anywhere could leave a file half written, a thread running or a table without its
    last column. Does nothing outside the main thread, and where SIGINT is not Python's own.
    """

    def __init__(self) -> None:
        self._is_pending = False
        self._previous: Any = None

    def check(self) -> None:
        """Call where stopping does no harm.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed since the block began.
        """
        if self._is_pending:
            raise KeyboardInterrupt

    def __enter__(self) -> DeferredInterrupt:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._previous = signal.signal(signal.SIGINT, self._remember)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
        # One that came after the last `check` must not be lost.
        if kind is None:
            self.check()

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self._is_pending:
            raise KeyboardInterrupt
        self._is_pending = True
