"""Items worked on one by one, in this process or spread over several."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Generic, TypeVar

from cexpr.errors import CexprError

Worker = TypeVar("Worker")
Item = TypeVar("Item")
Result = TypeVar("Result")

# A process reports how far it is this often.
_REPORT_SECONDS: Final = 0.2

Report = Callable[..., None]
"""Called by the work on an item with whatever tells how far it is."""


@dataclass(frozen=True)
class Work(Generic[Worker, Item, Result]):
    """What is done to each item; a process gets it by pickling.

    Attributes:
        make: Makes what the work needs once per process, for example a pipeline. A function or
            class at the top level of a module.
        arguments: Plain arguments of `make`.
        do: Does one item: called with the worker, the item and a `Report`. A function at the top
            level of a module, or a `functools.partial` of one.
    """

    make: Callable[..., Worker]
    arguments: tuple[Any, ...]
    do: Callable[[Worker, Item, Report], Result]


@dataclass
class _Process(Generic[Item]):
    """One process and the item that it is at."""

    process: Any
    pipe: Connection
    item: Item | None = None


def do_here(
    work: Work[Worker, Item, Result],
    worker: Worker,
    items: Sequence[Item],
    *,
    on_report: Callable[..., None] = lambda *_: None,
) -> Generator[Result, None, None]:
    """Yield the result of each item, worked on in this process.

    Args:
        work: What to do.
        worker: What `work.make` makes, made already.
        items: The items, in their order.
        on_report: Called with the item and the arguments of each report.
    """
    for item in items:
        yield work.do(worker, item, lambda *told, item=item: on_report(item, *told))


def do_in_processes(
    work: Work[Worker, Item, Result],
    items: Sequence[Item],
    jobs: int,
    *,
    on_death: Callable[[Item, str], Result],
    on_report: Callable[..., None] = lambda *_: None,
    on_wait: Callable[[], None] = lambda: None,
) -> Generator[Result, None, None]:
    """Yield results as they come from several processes; one that dies is replaced.

    Close the iterator (`contextlib.closing`): that ends the processes. They ignore Ctrl-C, which
    reaches the whole group; what happens then is decided here, for example in `on_wait`.

    Args:
        work: What to do; everything in it, the items and the results are pickled.
        items: The items, in the order in which they are begun; none of them None.
        jobs: Processes, >= 1; no more than there are items are started.
        on_death: Called with the item of a process that ended unexpectedly and with how it ended,
            for example "signal 9"; returns the item's result, or raises.
        on_report: Called now and then with the item and the arguments of a report.
        on_wait: Called several times a second.

    Raises:
        CexprError: a process raised it; with any other error the process shows its traceback and
            ends, which is a death.
        Exception: one of the functions given here raised it.
    """
    waiting = deque(items)
    # Fork would copy the threads of ONNX Runtime and OpenCV in an unknown state.
    context = multiprocessing.get_context("spawn")
    processes: list[_Process[Item]] = []
    try:
        for _ in range(min(jobs, len(waiting))):
            processes.append(_start(context, work))
            _hand_out(processes[-1], waiting)
        while any(one.item is not None for one in processes):
            on_wait()
            busy = [one.pipe for one in processes if one.item is not None]
            ready = wait(busy, timeout=_REPORT_SECONDS)
            for number, one in enumerate(processes):
                if one.pipe not in ready or one.item is None:
                    continue
                try:
                    kind, content = one.pipe.recv()
                except (EOFError, OSError):
                    kind, content = "result", on_death(one.item, _end_of(one))
                    if waiting:
                        one.pipe.close()
                        processes[number] = one = _start(context, work)
                if kind == "error":
                    raise content
                if kind == "report":
                    on_report(one.item, *content)
                else:
                    _hand_out(one, waiting)
                    yield content
    finally:
        for one in processes:
            one.process.terminate()
        for one in processes:
            one.process.join()
            one.pipe.close()


def _start(context: Any, work: Work[Any, Item, Any]) -> _Process[Item]:
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, work), daemon=True)
    with _interrupts_held():
        process.start()
    # The end of the process is only seen once nobody else holds its side of the pipe.
    there.close()
    return _Process(process, here)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C from a process that starts here, until it ignores Ctrl-C itself."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It would end the block when it starts its own process.
    resource_tracker.ensure_running()
    # A process inherits the mask, so that nothing it imports is interrupted; here it only waits.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hand_out(one: _Process[Item], waiting: deque[Item]) -> None:
    one.item = waiting.popleft() if waiting else None
    if one.item is not None:
        # A process that has died already is noticed when its answer is awaited.
        try:
            one.pipe.send(one.item)
        except OSError:
            return


def _end_of(one: _Process[Any]) -> str:
    """Wait for a dying process and say how it ended."""
    one.process.join()
    code = one.process.exitcode
    return f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"


def _serve(pipe: Connection, work: Work[Any, Any, Any]) -> None:
    """Run in the process: take items from the pipe until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    last = 0.0

    def report(*told: Any) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _REPORT_SECONDS:
            last = now
            pipe.send(("report", told))

    try:
        worker = work.make(*work.arguments)
        while True:
            try:
                item = pipe.recv()
            except EOFError:
                return
            pipe.send(("result", work.do(worker, item, report)))
    except CexprError as error:
        pipe.send(("error", error))
