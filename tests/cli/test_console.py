"""Errors of the command line: one line each, in one style, whoever found the mistake."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from builders.run_files import Command
from cexpr.cli._console import StoppedError, call
from cexpr.errors import CexprError, ClipError, RuleError, UsageError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run --jobs x clip.mp4", "--jobs: expected a whole number, at least 1, got 'x'"),
        ("run --jobs 0 clip.mp4", "--jobs: expected a whole number, at least 1, got '0'"),
        (
            "run --threads 0 clip.mp4",
            "--threads: expected a whole number, at least 1, got '0'",
        ),
        ("apply out --format xlsx", "--format: expected csv or parquet, got 'xlsx'"),
        ("run --fps fast clip.mp4", "--fps: expected a number, got 'fast'"),
        ("run --fps -3 clip.mp4", "--fps: expected a number above 0, got -3.0"),
        ("run --format xlsx clip.mp4", "--format: expected csv or parquet, got 'xlsx'"),
        ("run --rule x clip.mp4", "unknown option '--rule'; did you mean '--rules'?"),
        ("run --zzz clip.mp4", "unknown option '--zzz'; see 'cexpr run --help'"),
        ("run", "INPUT... is missing; see 'cexpr run --help'"),
        ("run --jobs", "--jobs: expected a value"),
        ("run --quiet=3 clip.mp4", "option '--quiet' does not take a value"),
        ("run --config nope.yaml clip.mp4", "nope.yaml: no such file"),
        ("rnu", "unknown command 'rnu'; did you mean 'run'?"),
        ("models pul", "unknown command 'pul'; did you mean 'pull'?"),
        ("models info a b", "unexpected argument 'b'; see 'cexpr models info --help'"),
        ("submit ce .", "--template is missing; see 'cexpr submit --help'"),
        ("check-submission xx CE.txt", "CHALLENGE: expected ce or mtl, got 'xx'"),
        ("tune . . --window seconds", "--window: expected frames or rows, got 'seconds'"),
        ("tune . . --folds 1", "--folds: expected a whole number, at least 2, got '1'"),
        ("heads fit --engine foo .", "--engine: expected torch or numpy, got 'foo'"),
        ("heads fit nope", "nope: no such file"),
        ("eval ce . . --rounds 5", "--rounds: expected a whole number, at least 100, got '5'"),
        ("models pull cexpr-s --max-mb much", "--max-mb: expected a whole number"),
        ("tune nope nope", "nope: no such file or folder"),
        ("check-submission ce .", ".: expected a file, got a folder"),
        ("models add text.onnx", "text.onnx: not an ONNX file, or a damaged one"),
        ("eval crowd nope", "nope: expected an npz file with images and votes, or a folder with"),
        ("eval shares text.onnx", "text.onnx: holds no compound expressions; expected a row"),
        ("apply text.onnx", "text.onnx: holds no run"),
        ("run text.onnx -o text.onnx", "text.onnx: expected a folder, but a file has this name"),
        ("run text.onnx --blend expression=-1", "--blend expression=-1: expected NAME=W,W with"),
        ("run text.onnx --blend expression=1,1", "--blend: expression has 2 weights for 1 model"),
        ("models pull yunet --sha256 1", "--sha256: expected 64 hexadecimal digits, got '1'"),
        ("models verify nope.onnx", "nope.onnx: no such file"),
        ("rules check nope.yaml", "nope.yaml: no such file"),
        ("run text.onnx --rules nope.yaml", "nope.yaml: no such file"),
        ("run text.onnx --out=", "--out: expected a folder, got ''"),
        ("rules explain default --given fear=5", "--given: fear: expected 0..1, got 5"),
        ("rules explain default --given valence=-2", "--given: valence: expected -1..1, got -2"),
        ("rules explain default --given fear=nan", "--given: fear: expected 0..1, got nan"),
        ("rules explain default --given fear=0,fear=1", "--given: fear is given twice"),
        ("rules explain default --frame one", "--frame: expected a whole number, got 'one'"),
    ],
)
def test_a_mistake_of_usage_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cexpr_command: Command,
    arguments: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.onnx").write_text("hello")
    outcome = cexpr_command(*arguments.split())
    assert outcome.status == 2
    assert outcome.err.startswith(f"cexpr: {message}")
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", ""), "expected a name or path, got ''"),
        (("run", "clip.avi", "-o", ""), "-o: expected a folder, got ''"),
        (("submit", "ce", ".", "--template", ""), "--template: expected a file, got ''"),
    ],
)
def test_an_empty_path_is_not_the_current_folder(
    cexpr_command: Command, arguments: tuple[str, ...], message: str
) -> None:
    outcome = cexpr_command(*arguments)
    assert (outcome.status, outcome.err) == (2, f"cexpr: {message}\n")


def test_no_arguments_show_the_help(cexpr_command: Command) -> None:
    outcome = cexpr_command()
    assert "usage: " in outcome.out + outcome.err
    assert "cexpr: " not in outcome.err


def failing(error: BaseException) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise error

    return app


@pytest.fixture
def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[BaseException], tuple[int, str]]:
    def run(error: BaseException) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["cexpr"])
        return call(failing(error)), capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (UsageError("out: holds a run"), 2, "out: holds a run"),
        (ClipError("a.avi: damaged"), 1, "a.avi: damaged"),
        (RuleError("a.yaml:1:2: wrong\nb"), 2, "a.yaml:1:2: wrong\nb"),
        (
            UsageError("out: holds a run", remedies=["overwrite", "models"]),
            2,
            "out: holds a run (use --overwrite or --model)",
        ),
        (CexprError("too long", remedies=["max_bytes"]), 2, "too long (use --max-mb)"),
        (CexprError("old", remedies=["detector_model"]), 2, "old (use --detector-model)"),
        (RuleError("no AU01", remedies=["derived"]), 2, "no AU01 (run without --no-derived)"),
        (
            CexprError("no AU01", remedies=["rules", "derived"]),
            2,
            "no AU01 (use --rules, or run without --no-derived)",
        ),
        (typer.Abort(), 130, "stopped"),
        (KeyboardInterrupt(), 130, "stopped"),
        (StoppedError("stopped; run again"), 130, "stopped; run again"),
    ],
)
def test_errors_of_the_library_are_told_with_the_flags_that_mend_them(
    said: Callable[[BaseException], tuple[int, str]],
    error: BaseException,
    status: int,
    message: str,
) -> None:
    assert said(error) == (status, f"cexpr: {message}\n")


def test_other_errors_are_not_hidden(said: Callable[[BaseException], tuple[int, str]]) -> None:
    with pytest.raises(ZeroDivisionError):
        said(ZeroDivisionError())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("arguments", ["models list", "rules schema", "--version", "rules list"])
def test_a_full_standard_output_is_one_line(arguments: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cexpr", *arguments.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr == "cexpr: standard output cannot be written: No space left on device\n"
    assert done.returncode == 1


def interrupted(folder: Path, name: str, script: str) -> tuple[int, str]:
    """Run a script in which importing a module is where Ctrl-C comes."""
    (folder / f"{name}.py").write_text("raise KeyboardInterrupt")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {script}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_an_interrupt_while_libraries_load_is_told_as_any_other(tmp_path: Path) -> None:
    script = "sys.argv = ['cexpr', 'rules', 'list']; from cexpr.__main__ import main; main()"
    assert interrupted(tmp_path, "typer", script) == (130, "cexpr: stopped\n")
