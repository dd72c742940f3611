"""Work on items in this process and in several."""

from __future__ import annotations

import importlib
import multiprocessing
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from builders.job_work import (
    Adder,
    add,
    break_at_three,
    die_at_three,
    fail_at_three,
    leave_at_three,
    refuse,
    wait_for_ever,
)
from cexpr.errors import ClipError, ModelError
from cexpr.runs.jobs import Work, do_here, do_in_processes

ITEMS = [1, 2, 3, 4, 5]


def work_of(
    tmp_path: Path, do: Callable[..., int] = add, make: Callable[..., Adder] = Adder
) -> Work[Adder, int, int]:
    return Work(make, (10, tmp_path), do)


def refuse_death(item: int, how: str) -> int:
    raise ClipError(f"{item}: {how}")


def results_of(work: Work[Adder, int, int], jobs: int = 2, **options: Any) -> list[int]:
    with closing(
        do_in_processes(work, ITEMS, jobs, **{"on_death": refuse_death, **options})
    ) as results:
        return list(results)


def test_items_are_done_here_in_their_order_with_their_reports(tmp_path: Path) -> None:
    told: list[tuple[Any, ...]] = []
    work = work_of(tmp_path)
    results = do_here(work, Adder(20, tmp_path), ITEMS[:2], on_report=lambda *one: told.append(one))
    assert list(results) == [21, 22]
    assert told == [(1, "begun", 1), (2, "begun", 2)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_give_all_results_and_make_their_worker_once(tmp_path: Path, jobs: int) -> None:
    assert sorted(results_of(work_of(tmp_path), jobs)) == [11, 12, 13, 14, 15]
    assert len(list(tmp_path.glob("made-*"))) == jobs
    assert not multiprocessing.active_children()


def test_no_more_processes_than_items_are_started(tmp_path: Path) -> None:
    with closing(do_in_processes(work_of(tmp_path), [1], 9, on_death=refuse_death)) as results:
        assert next(results) == 11
        assert len(list(tmp_path.glob("made-*"))) == 1


def test_reports_come_with_their_item(tmp_path: Path) -> None:
    told: list[tuple[Any, ...]] = []
    results_of(work_of(tmp_path), 1, on_report=lambda *one: told.append(one))
    # The first is always sent, later ones only now and then.
    assert told[0] == (1, "begun", 1)


@pytest.mark.parametrize(
    ("do", "how"),
    [
        (die_at_three, "signal 9"),
        (leave_at_three, "exit status 7"),
        (break_at_three, "exit status 1"),
    ],
)
def test_a_process_that_dies_is_replaced_and_its_item_has_its_own_result(
    tmp_path: Path, do: Callable[..., int], how: str
) -> None:
    deaths: list[tuple[int, str]] = []

    def died(item: int, how: str) -> int:
        deaths.append((item, how))
        return -1

    assert sorted(results_of(work_of(tmp_path, do), 1, on_death=died)) == [-1, 11, 12, 14, 15]
    assert deaths == [(3, how)]


def test_a_death_may_end_everything(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="3: signal 9"):
        results_of(work_of(tmp_path, die_at_three), 1)
    assert not multiprocessing.active_children()


def test_an_error_of_the_work_or_of_its_making_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="three is not for this model"):
        results_of(work_of(tmp_path, fail_at_three))
    with pytest.raises(ModelError, match="this model cannot be made"):
        results_of(work_of(tmp_path, make=refuse))
    assert not multiprocessing.active_children()


def test_what_is_raised_while_waiting_ends_the_processes(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results_of(work_of(tmp_path, wait_for_ever), on_wait=stop)
    assert not multiprocessing.active_children()


def test_an_interrupt_while_a_process_starts_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Imported by the process before it does anything else.
    (tmp_path / "interrupting.py").write_text(
        "import multiprocessing, os, signal\n"
        "if multiprocessing.parent_process() is not None:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "from builders.job_work import add\n"
        "def do(*arguments): return add(*arguments)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    do = importlib.import_module("interrupting").do
    assert sorted(results_of(work_of(tmp_path, do))) == [11, 12, 13, 14, 15]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
