"""Clips spread over processes, each with a pipeline of its own."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final

from cexpr.clips.sources import ClipSource
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline
from cexpr.runs.clip import run_clip
from cexpr.runs.record import ClipRecord

# A worker tells how far it is this often.
_REPORT_SECONDS: Final = 0.2

OnProgress = Callable[[str, int, int | None], None]
OnDone = Callable[[ClipRecord], None]


@dataclass
class _Worker:
    """One process and the clip that it is at."""

    process: Any
    pipe: Connection
    source: ClipSource | None = None


def run_parallel(
    options: RunOptions,
    folder: Path,
    sources: Sequence[ClipSource],
    jobs: int,
    *,
    on_progress: OnProgress,
    on_done: OnDone,
    on_wait: Callable[[], None] = lambda: None,
) -> None:
    """Run clips in several processes; one that dies fails its clip and is replaced.

    Args:
        options: Options of the run; `threads` are those of one process.
        folder: Where results go.
        sources: The clips, in the order in which they are begun.
        jobs: Processes, >= 1.
        on_progress: Called now and then with stem, frames done and frames announced.
        on_done: Called with the record of each clip that is done or failed.
        on_wait: Called several times a second; what it raises ends the run.
    """
    waiting = deque(sources)
    # Fork would copy the threads of ONNX Runtime and OpenCV in an unknown state.
    context = multiprocessing.get_context("spawn")
    workers = [_start(context, options, folder) for _ in range(min(jobs, len(waiting)))]
    try:
        for worker in workers:
            _hand_out(worker, waiting)
        while any(worker.source is not None for worker in workers):
            on_wait()
            busy = [worker.pipe for worker in workers if worker.source is not None]
            ready = wait(busy, timeout=_REPORT_SECONDS)
            for number, worker in enumerate(workers):
                if worker.pipe not in ready:
                    continue
                try:
                    kind, *content = worker.pipe.recv()
                except (EOFError, OSError):
                    on_done(_died(worker))
                    workers[number] = worker = _start(context, options, folder)
                    _hand_out(worker, waiting)
                    continue
                if kind == "progress":
                    on_progress(*content)
                else:
                    on_done(ClipRecord.model_validate(content[0]))
                    _hand_out(worker, waiting)
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join()
            worker.pipe.close()


def _start(context: Any, options: RunOptions, folder: Path) -> _Worker:
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, options, folder), daemon=True)
    process.start()
    # The end of the worker is only seen once nobody else holds its side of the pipe.
    there.close()
    return _Worker(process, here)


def _hand_out(worker: _Worker, waiting: deque[ClipSource]) -> None:
    worker.source = waiting.popleft() if waiting else None
    if worker.source is not None:
        # A worker that has died already is noticed when its answer is awaited.
        try:
            worker.pipe.send(worker.source)
        except OSError:
            return


def _died(worker: _Worker) -> ClipRecord:
    assert worker.source is not None
    worker.process.join()
    record = ClipRecord.of(worker.source)
    record.status = "failed"
    code = worker.process.exitcode
    how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
    record.error = (
        f"{worker.source.path}: the process that read it ended unexpectedly ({how}); "
        "the clip may be damaged, or memory ran out: try fewer --jobs"
    )
    return record


def _work(pipe: Connection, options: RunOptions, folder: Path) -> None:
    """The worker: take clips from the pipe until it is closed."""
    # Ctrl-C reaches the whole group; the parent decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipeline = Pipeline(options)
    last = 0.0

    while True:
        try:
            source: ClipSource = pipe.recv()
        except EOFError:
            return

        def report(done: int, announced: int | None, stem: str = source.stem) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _REPORT_SECONDS:
                last = now
                pipe.send(("progress", stem, done, announced))

        record = run_clip(pipeline, source, folder, report)
        pipe.send(("done", record.model_dump()))
