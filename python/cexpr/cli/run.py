"""`cexpr run`: clips in, tables of compound expressions out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cexpr._support.text import command_line
from cexpr.cli.progress import Bars, Lines, Quiet
from cexpr.cli.summary import finish
from cexpr.errors import UsageError

# As a shell reports a command that was stopped by Ctrl-C.
INTERRUPTED = 130


def run(
    context: typer.Context,
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT...",
            help="Video files, GIFs, images, or folders, which are searched recursively; a folder "
            "that holds only numbered images (00001.jpg or frame_00001.jpg) is one clip.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")] = Path(
        "cexpr-out"
    ),
    rules: Annotated[
        str, typer.Option(metavar="FILE|NAME", help="Rule file, or name of a shipped rule set.")
    ] = "default",
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Expression model; repeat to blend several. Without, cexpr-s.",
            show_default=False,
        ),
    ] = None,
    blend: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=W,W",
            help="Weights of the models for a head or signal, for example expression=0.8,0.2; "
            "repeatable; without, equal ones.",
            show_default=False,
        ),
    ] = None,
    detector: Annotated[
        str,
        typer.Option(metavar="NAME", help="mtcnn, yunet, or full-frame for crops already made."),
    ] = "mtcnn",
    detector_model: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Model file of the detector yunet; else the pulled one."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="csv|parquet",
            help="Format of the tables; repeatable; without, csv.",
            autocompletion=lambda: ["csv", "parquet"],
            show_default=False,
        ),
    ] = None,
    events: Annotated[
        bool, typer.Option("--events", help="Also write the table of events for each clip.")
    ] = False,
    abaw: Annotated[
        bool, typer.Option("--abaw", help="Also write the ABAW submissions CE.txt and MTL.txt.")
    ] = False,
    provider: Annotated[
        str,
        typer.Option(help="Execution provider of ONNX Runtime: cpu, cuda, coreml, directml, ..."),
    ] = "cpu",
    jobs: Annotated[int, typer.Option(metavar="N", help="Clips worked on at the same time.")] = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Threads of each network; without, the cores of one job, at most 4.",
            show_default=False,
        ),
    ] = None,
    fps: Annotated[
        float,
        typer.Option(help="Frames per second of folders of numbered images, which have no times."),
    ] = 30.0,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Options file, as cexpr tune writes it; options given here go before it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace a run that is in the folder; the results of all its clips are removed, "
            "also of those that are not among the inputs.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but failures.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON on standard output.")
    ] = False,
) -> None:
    """Find compound expressions in every frame of clips.

    Writes STEM.frames.csv and STEM.faces.csv for each clip, and run.json.

    Started again with the same options, it keeps finished clips and does the rest.

    Exit status: 0 all clips done; 1 some failed; 2 bad usage, rules or model.
    """
    from cexpr.options import RunOptions, parse_blend, read_config
    from cexpr.runs.resume import OccupiedError
    from cexpr.runs.run import run as run_clips

    given = {
        "rules": ("rules", rules),
        "model": ("models", tuple(model or ())),
        "blend": ("blend", parse_blend(blend or ())),
        "detector": ("detector", detector),
        "detector_model": ("detector_model", detector_model),
        "formats": ("formats", tuple(formats or ("csv",))),
        "abaw": ("abaw", abaw),
        "events": ("events", events),
        "provider": ("provider", provider),
        "fps": ("folder_fps", fps),
    }
    values = {} if config is None else read_config(config)
    for parameter, (name, value) in given.items():
        if name not in values or _is_given(context, parameter):
            values[name] = value
    typed = {one.name: max(one.opts, key=len) for one in context.command.params}
    shown_names = {name: typed[parameter] for parameter, (name, _) in given.items()}
    options = RunOptions.checked(values, shown_names)
    errors = Console(stderr=True)
    with _observer(errors, quiet) as observer:
        try:
            record = run_clips(
                inputs,
                out,
                options,
                jobs=jobs,
                threads=threads,
                overwrite=overwrite,
                observer=observer,
            )
        except OccupiedError as error:
            raise UsageError(f"{error.reason}; {_remedies(error.apply, out)}") from error
        except KeyboardInterrupt:
            typer.echo(
                f"cexpr: stopped; finished clips are kept in {out}, and the same command does "
                "the rest",
                err=True,
            )
            raise typer.Exit(INTERRUPTED) from None
    finish(record, out, quiet=quiet, as_json=as_json)


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
        remedies.insert(0, f"'{command}' decides its clips again without reading them")
    return ", ".join(remedies)


def _observer(console: Console, quiet: bool) -> Quiet:
    if quiet:
        return Quiet()
    return Bars(console) if console.is_terminal else Lines(console)
