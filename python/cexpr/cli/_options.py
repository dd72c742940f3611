"""Options and arguments that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cexpr.errors import UsageError


def whole(name: str, at_least: int | None = None) -> Callable[[Any], int]:
    """Make the reader of a whole number; `name` is what its option is called in messages."""
    expected = "a whole number" + ("" if at_least is None else f", at least {at_least}")

    def read(text: Any) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or (at_least is not None and value < at_least):
            raise UsageError(f"{name}: expected {expected}, got '{text}'")
        return value

    return read


def number(name: str) -> Callable[[Any], float]:
    """Make the reader of a number."""

    def read(text: Any) -> float:
        try:
            return float(text)
        except ValueError:
            raise UsageError(f"{name}: expected a number, got '{text}'") from None

    return read


def one_of(name: str, *words: str) -> Callable[[Any], str]:
    """Make the reader of a word among a few."""

    def read(text: Any) -> str:
        if text not in words:
            raise UsageError(f"{name}: expected {' or '.join(words)}, got '{text}'")
        return str(text)

    return read


def numbers(name: str, text: str, example: str) -> list[float]:
    """Read numbers with commas between them.

    Args:
        name: What the option is called.
        text: Its value.
        example: A value that would do, for the message.

    Raises:
        UsageError: a part is not a number.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"{name}: expected numbers such as {example}, got '{text}'") from None


Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT...",
        help="Video files, GIFs, images (each picture of an animated WebP or TIFF is a frame), or "
        "folders, which are searched recursively. A folder that holds only numbered images "
        "(00001.jpg or frame_00001.jpg) is one clip.",
        show_default=False,
    ),
]
RunFolder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="Folder of a finished run.", show_default=False),
]
ModelName = Annotated[
    str, typer.Option(metavar="NAME|FILE", help="Name of a model, or path of its manifest.")
]
Detector = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Face detector: mtcnn, yunet, or full-frame where every image is already a face crop.",
        autocompletion=lambda: ["mtcnn", "yunet", "full-frame"],
    ),
]
DetectorModel = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="YuNet model file.",
        show_default="the one from 'cexpr models pull yunet'",
    ),
]
# As the functions that write and check a submission take it.
ChallengeKind = Literal["ce", "mtl"]
Challenge = Annotated[
    ChallengeKind,
    typer.Argument(
        metavar="CHALLENGE",
        help="Challenge: ce (compound expressions) or mtl (multi-task).",
        parser=one_of("CHALLENGE", "ce", "mtl"),
        autocompletion=lambda: ["ce", "mtl"],
    ),
]
Template = Annotated[
    Path,
    typer.Option(metavar="FILE", help="The organisers' sample file.", exists=True, dir_okay=False),
]
OptionalTemplate = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The organisers' sample file. By default, frames must count from 1.",
        exists=True,
        dir_okay=False,
    ),
]
Events = Annotated[
    bool, typer.Option("--events", help="Also write a table of events for each clip.")
]
Abaw = Annotated[
    bool, typer.Option("--abaw", help="Also write the ABAW submissions CE.txt and MTL.txt.")
]
Jobs = Annotated[
    int,
    typer.Option(metavar="N", help="Clips to process in parallel.", parser=whole("--jobs", 1)),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print failures only.")]
SummaryAsJson = Annotated[
    bool, typer.Option("--json", help="Print the summary (run.json) as JSON on standard output.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
ReportAsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Rounds = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Bootstrap samples for the intervals, at least 100.",
        parser=whole("--rounds", 100),
    ),
]
