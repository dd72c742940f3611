"""Work that processes of tests import by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from cexpr.errors import ModelError
from cexpr.runs.jobs import Report


class Adder:
    """Adds a number; tells by its file that it was made."""

    def __init__(self, number: int, folder: Path) -> None:
        self.number = number
        (folder / f"made-{os.getpid()}").touch()


def refuse(*_: object) -> Adder:
    raise ModelError("this model cannot be made")


def add(worker: Adder, item: int, report: Report) -> int:
    report("begun", item)
    return worker.number + item


def die_at_three(worker: Adder, item: int, report: Report) -> int:
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return add(worker, item, report)


def fail_at_three(worker: Adder, item: int, report: Report) -> int:
    if item == 3:
        raise ModelError("three is not for this model")
    return add(worker, item, report)


def leave_at_three(worker: Adder, item: int, report: Report) -> int:
    if item == 3:
        os._exit(7)
    return add(worker, item, report)


def break_at_three(worker: Adder, item: int, report: Report) -> int:
    if item == 3:
        raise ZeroDivisionError("three has a defect")
    return add(worker, item, report)


def wait_for_ever(worker: Adder, item: int, report: Report) -> int:
    while True:
        time.sleep(60)
