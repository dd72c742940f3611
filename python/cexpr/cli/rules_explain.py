"""`cexpr rules explain`: one frame taken apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cexpr._support.text import counted
from cexpr.cli._options import number, whole
from cexpr.errors import UsageError
from cexpr.signals import VALENCE_AROUSAL

# Compounds that are shown without --all: the winner and what it won against.
_SHOWN: Final = 2


def explain(
    file: Annotated[
        str, typer.Argument(metavar="FILE|NAME", help="Rule file, or name of a shipped rule set.")
    ],
    frames: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="STEM.frames.csv of a finished run, with its table of faces in the same folder; "
            "or images.csv, with --image.",
            show_default=False,
        ),
    ] = None,
    frame: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of the frame in that file, from 1.",
            show_default=False,
            parser=whole("--frame"),
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With images.csv: the image, as its columns clip or file have it.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        float | None,
        typer.Option(
            "--time",
            metavar="S",
            help="Instead of --frame: seconds; the frame that the clip shows then.",
            show_default=False,
            parser=number("--time"),
        ),
    ] = None,
    given: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=X,NAME=X",
            help="Signals to explain instead of a frame, for example fear=0.5,surprise=0.4; "
            "the others are 0.",
            show_default=False,
        ),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show all compounds, not only the two best.")
    ] = False,
) -> None:
    """Explain one frame: which compound won and why, with the values behind the two best."""
    from cexpr.rules.rule_set import RuleSet

    places = (frame is not None) + (at is not None) + (image is not None)
    if (given is None) == (frames is None) or places != (frames is not None):
        raise UsageError(
            "give either --frames FILE with --frame N, --time S or --image NAME, "
            "or --given NAME=VALUE,..."
        )
    rules = RuleSet.load(file)
    most = None if show_all else _SHOWN
    if given is not None:
        text = rules.explain_given(_parse_given(given)).text(most)
    else:
        from cexpr.runs.explain import explain_frame, explain_image

        path = Path(str(frames))
        if image is None:
            text = explain_frame(rules, path, frame, at).text(most)
        else:
            text = explain_image(rules, path, image).text(most)
    typer.echo(text)
    more = len(rules.compounds) - _SHOWN
    if more > 0 and not show_all:
        typer.echo(
            f"({counted(more, 'more compound')}; --all shows {'it' if more == 1 else 'them'})"
        )


def _parse_given(text: str) -> dict[str, float]:
    given: dict[str, float] = {}
    for part in text.split(","):
        written, equals, value = part.partition("=")
        name = written.strip()
        try:
            if not equals:
                raise ValueError
            number = float(value)
        except ValueError as error:
            raise UsageError(
                f"--given: expected NAME=VALUE,... such as fear=0.5,surprise=0.4; got '{part}'"
            ) from error
        if name in given:
            raise UsageError(f"--given: {name} is given twice")
        least = -1 if name in VALENCE_AROUSAL else 0
        if not least <= number <= 1:
            raise UsageError(f"--given: {name}: expected {least}..1, got {value.strip()}")
        given[name] = number
    return given
