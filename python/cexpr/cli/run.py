"""`cexpr run`: clips in, tables of compound expressions out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cexpr._support.text import command_line
from cexpr.cli import _options as options
from cexpr.cli._console import StoppedError
from cexpr.cli._help import parameter_name
from cexpr.cli._summary import finish
from cexpr.cli.progress import Bars, Lines, Quiet
from cexpr.cli.rules_check import warn_about
from cexpr.errors import UsageError


def run(
    context: typer.Context,
    inputs: options.Inputs,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for the results.")
    ] = Path("cexpr-out"),
    rules: Annotated[
        str,
        typer.Option(
            metavar="FILE|NAME",
            help="Rule file, or name of a shipped rule set (see 'cexpr rules list').",
        ),
    ] = "default",
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Expression model. Repeat to blend several.",
            show_default="cexpr-s",
        ),
    ] = None,
    blend: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=W,W",
            help="Weights of the models for one head or signal, for example "
            "expression=0.8,0.2. Repeat for others.",
            show_default="equal weights",
        ),
    ] = None,
    detector: options.Detector = "mtcnn",
    detector_model: options.DetectorModel = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="csv|parquet",
            help="Format of the tables. Repeat for both.",
            autocompletion=lambda: ["csv", "parquet"],
            show_default="csv",
        ),
    ] = None,
    events: options.Events = False,
    stills: Annotated[
        str,
        typer.Option(
            metavar="together|apart",
            help="Where the faces of several single images go: all in images.csv, or each image's "
            "in tables of its own.",
            autocompletion=lambda: ["together", "apart"],
        ),
    ] = "together",
    abaw: options.Abaw = False,
    no_derived: Annotated[
        bool,
        typer.Option(
            "--no-derived",
            help="Leave out signals that the models derive from the expressions instead of having "
            "learnt them. Rules that read them are refused.",
        ),
    ] = False,
    provider: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Execution provider of ONNX Runtime: cpu, cuda, coreml, directml, ...",
        ),
    ] = "cpu",
    min_quality: Annotated[
        float,
        typer.Option(
            metavar="Q",
            help="Least quality of a face, 0 to 1, that gets a label: size, turn, sharpness, light "
            "and share inside the picture. 0 keeps all.",
        ),
    ] = 0.5,
    jobs: options.Jobs = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Threads per clip, decoding included.",
            show_default="the cores available to one job, at most 4",
            parser=options.whole("--threads", 1),
        ),
    ] = None,
    fps: Annotated[
        float,
        typer.Option(
            metavar="FPS",
            help="Frames per second of folders of numbered images and of TIFFs with several pages, "
            "which have no times.",
            parser=options.number("--fps"),
        ),
    ] = 30.0,
    rotate: Annotated[
        str,
        typer.Option(
            metavar="auto|0|90|180|270",
            help="Degrees by which pictures are turned clockwise. auto takes, for each clip, the "
            "turn with most and best faces.",
            autocompletion=lambda: ["auto", "0", "90", "180", "270"],
        ),
    ] = "0",
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Options file, for example from 'cexpr tune'. Command-line options override it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Delete the run in this folder, with the results of all its clips, and start "
            "again.",
        ),
    ] = False,
    quiet: options.Quiet = False,
    as_json: options.SummaryAsJson = False,
) -> None:
    """Find compound expressions in every frame of clips.

    Writes STEM.frames.csv and STEM.faces.csv for each clip, and for the whole run events.csv,
    clips.csv, columns.csv (what each column means) and run.json. Several single images, such as
    a folder of photographs, share one table, images.csv, with a row for each face.

    Run it again with the same options to continue: finished clips are kept. --events, --abaw and
    --format need not be repeated: the run goes on with those that the folder has.

    Exit status: 0 all clips done; 1 some failed; 2 bad usage, rules or model.
    """
    from cexpr.options import RunOptions, read_config
    from cexpr.runs.resume import OccupiedError
    from cexpr.runs.run import run as run_clips

    given = {
        "rules": ("rules", rules),
        "model": ("models", tuple(model or ())),
        "blend": ("blend", parse_blend(blend or ())),
        "detector": ("detector", detector),
        "detector_model": ("detector_model", detector_model),
        "formats": ("formats", tuple(formats or ())),
        "abaw": ("abaw", abaw),
        "events": ("events", events),
        "stills": ("stills", stills),
        "no_derived": ("derived", not no_derived),
        "provider": ("provider", provider),
        "fps": ("folder_fps", fps),
        "rotate": ("rotate", rotate),
        "min_quality": ("min_quality", min_quality),
    }
    values = {} if config is None else read_config(config)
    for parameter, (name, value) in given.items():
        # A format that nobody asked for is left out: a run that goes on takes those of its folder.
        is_default = name not in values and name != "formats"
        if is_default or _is_given(context, parameter):
            values[name] = value
    typed = {one.name: parameter_name(one) for one in context.command.params}
    shown_names = {name: typed[parameter] for parameter, (name, _) in given.items()}
    asked = RunOptions.checked(values, shown_names)
    warn_about(asked.rules, quiet)
    with _observer(Console(stderr=True), quiet) as observer:
        try:
            record = run_clips(
                inputs,
                out,
                asked,
                jobs=jobs,
                threads=threads,
                overwrite=overwrite,
                observer=observer,
            )
        except OccupiedError as error:
            raise UsageError(f"{error.reason}; {_remedies(error.apply, out)}") from error
        except KeyboardInterrupt:
            raise StoppedError(
                f"stopped; finished clips are kept in {out}; "
                "run the same command again to do the rest"
            ) from None
    finish(record, out, quiet=quiet, as_json=as_json)


def parse_blend(texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Read blending weights as the command line gives them.

    Args:
        texts: One `NAME=W,W,...` for each head or signal, for example `expression=0.8,0.2`.

    Returns:
        Weights by name.

    Raises:
        UsageError: a text does not have that form.
    """
    blend: dict[str, tuple[float, ...]] = {}
    for text in texts:
        name, equals, listed = text.partition("=")
        try:
            weights = tuple(float(weight) for weight in listed.split(","))
        except ValueError:
            weights = ()
        usable = weights and all(0 <= weight < math.inf for weight in weights)
        if not (name and equals and usable) or name in blend:
            raise UsageError(
                f"--blend {text}: expected NAME=W,W with one weight of at least 0 for each model, "
                "each NAME once, for example expression=0.8,0.2"
            )
        blend[name] = weights
    return blend


def _is_given(context: typer.Context, parameter: str) -> bool:
    source = context.get_parameter_source(parameter)
    return source is not None and source.name != "DEFAULT"


def _remedies(apply: dict[str, Any] | None, out: Path) -> str:
    """Say what to do about a folder that holds another run."""
    remedies = ["use --overwrite to replace it", "or --out for another folder"]
    if apply:
        words = ["--rules", apply["rules"]] if "rules" in apply else []
        words += [f"--{name}" for name in ("events", "abaw") if apply.get(name)]
        words += [word for kind in apply.get("formats", ()) for word in ("--format", kind)]
        command = command_line("cexpr", "apply", *words, str(out))
        aim = "to decide its clips again" if "rules" in apply else "to add the tables"
        remedies.insert(0, f"run '{command}' {aim} without reading them")
    return ", ".join(remedies)


def _observer(console: Console, quiet: bool) -> Quiet:
    if quiet:
        return Quiet()
    return Bars(console) if console.is_terminal else Lines(console)
