from __future__ import annotations

import signal
import threading

import pytest

from cexpr.runs.interrupts import DeferredInterrupt


def test_the_first_interrupt_waits_for_a_check() -> None:
    def interrupted_twice(interrupt: DeferredInterrupt) -> None:
        interrupt.check()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second interrupt waited")

    with pytest.raises(KeyboardInterrupt), DeferredInterrupt() as interrupt:
        interrupted_twice(interrupt)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_after_the_last_check_is_raised_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt), DeferredInterrupt():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_of_the_block_is_not_replaced() -> None:
    def fail() -> None:
        signal.raise_signal(signal.SIGINT)
        raise RuntimeError("first")

    with pytest.raises(RuntimeError, match="first"), DeferredInterrupt():
        fail()


def test_a_handler_of_the_host_stays() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with DeferredInterrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            interrupt.check()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]


def test_other_threads_are_left_alone() -> None:
    failures: list[ValueError] = []

    def block() -> None:
        try:
            with DeferredInterrupt() as interrupt:
                interrupt.check()
        except ValueError as error:
            failures.append(error)

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
    assert failures == []
