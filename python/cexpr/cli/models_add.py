"""`cexpr models add`: a manifest for someone's own ONNX file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cexpr.errors import UsageError

if TYPE_CHECKING:
    from cexpr.models.add import Graph

# What is asked where the graph does not tell, by the option that answers it.
_QUESTIONS: Final = {
    "--expression": "where are the expressions",
    "--labels": "order of the labels: affectnet8, affectnet7 or a list",
    "--color": "rgb or bgr",
    "--face": "arcface or box",
    "--size": "width and height of the input",
    "--mean": "mean of each channel, in 0..1",
    "--std": "standard deviation of each channel",
    "--licence": "licence of the weights",
}


def add(
    file: Annotated[Path, typer.Argument(help="The ONNX file.", exists=True, dir_okay=False)],
    expression: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Expressions: TENSOR, TENSOR[0:8], or [0:8] with one output."
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="Order of the expressions: affectnet8, affectnet7, or anger,fear,..."),
    ] = None,
    activation: Annotated[
        str, typer.Option(help="softmax where the expressions are logits, else none.")
    ] = "softmax",
    valence_arousal: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Valence and arousal, or 'derived' from expressions."),
    ] = None,
    va_activation: Annotated[
        str, typer.Option(help="Of valence and arousal: none or tanh.")
    ] = "none",
    action_units: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Action units, or 'derived' from expressions."),
    ] = None,
    au_labels: Annotated[
        str | None, typer.Option(help="Order of the action units: AU01,AU02,...; all 12 without.")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Output with the embedding, or 'input-of:TENSOR' for the last layer's."),
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="Width and height of the input, where the graph is free.")
    ] = None,
    color: Annotated[str | None, typer.Option(help="rgb, bgr or gray.")] = None,
    mean: Annotated[
        str | None, typer.Option(help="On values in 0..1, one for each channel: 0.485,0.456,0.406.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="One for each channel.")] = None,
    face: Annotated[
        str | None,
        typer.Option(help="How faces are cut: arcface (five landmarks) or box (the detector's)."),
    ] = None,
    margin: Annotated[
        float, typer.Option(help="Added on each side of the face, as a share of it.")
    ] = 0.0,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; the file's without.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace its manifest.")] = False,
) -> None:
    """Write a manifest beside an ONNX file of your own, and try the model out.

    What the graph does not tell is taken from the options, or asked for on a terminal.

    Then `--model FILE.onnx` runs it. Exit status 2 where the trial finds something wrong.
    """
    from cexpr.models import add as adopt

    graph = adopt.inspect(file)
    typer.echo(_shapes("input", graph.inputs) + _shapes("output", graph.outputs), nl=False)
    heads = expression or valence_arousal or action_units
    told = {
        "--expression": heads,
        "--labels": labels or (heads and not expression),
        "--color": color or graph.channels == 1,
        "--face": face,
        "--size": size or graph.size,
        "--mean": mean,
        "--std": std,
        "--licence": licence,
    }
    if not (all(told.values()) or _is_terminal()):
        missing = [f"{one} ({_QUESTIONS[one]})" for one, is_told in told.items() if not is_told]
        raise UsageError(f"{file}: the graph does not tell all; give {', '.join(missing)}")
    if not heads:
        expression = _asked("--expression", None)
    channels = graph.channels
    color = "gray" if channels == 1 else _asked("--color", color)
    outputs: dict[str, Any] = {}
    if expression:
        order = _asked("--labels", labels)
        outputs["expression"] = {
            **adopt.head_place(expression, graph),
            "activation": activation,
            "labels": adopt.label_order(order),
        }
    if valence_arousal:
        outputs["valence_arousal"] = _head(
            valence_arousal, graph, "circumplex", activation=va_activation
        )
    if action_units:
        more = {"labels": au_labels.split(",")} if au_labels else {}
        outputs["action_units"] = _head(action_units, graph, "prototypes", **more)
    if features:
        inner = features.removeprefix("input-of:")
        outputs["features"] = {"input_of" if inner != features else "tensor": inner}
    cut = _asked("--face", face)
    if cut not in ("arcface", "box"):
        raise UsageError(f"--face {cut}: expected arcface or box")
    side = graph.size or size or int(_asked("--size", None))
    values = {
        "id": name or file.stem,
        "licence": _asked("--licence", licence),
        "input": {
            "size": side,
            "color": color,
            "mean": _numbers("--mean", _asked("--mean", mean)),
            "std": _numbers("--std", _asked("--std", std)),
            "face": {"align": "arcface", "margin": margin}
            if cut == "arcface"
            else {"box_margin": margin},
        },
        "outputs": outputs,
    }
    model = adopt.write(file, values, overwrite=overwrite)
    typer.echo(f"wrote {model.path}")
    trial = adopt.try_out(model, file)
    typer.echo(f"{trial.provider}, {trial.seconds_per_face * 1000:.1f} ms a face, one thread")
    for problem in trial.problems:
        typer.echo(f"self-test: {problem}", err=True)
    if trial.problems:
        raise typer.Exit(2)
    typer.echo(f"self-test passed; use it with --model {file}")


def _head(text: str, graph: Graph, formula: str, **more: Any) -> dict[str, Any]:
    from cexpr.models import add as adopt

    if text == "derived":
        return {"derived": formula}
    return {**adopt.head_place(text, graph), **more}


def _shapes(kind: str, shapes: Any) -> str:
    return "".join(f"{kind} {name} {list(shape)}\n" for name, shape in shapes.items())


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _asked(option: str, value: str | None) -> str:
    """The option's value, or the answer of a person at the terminal."""
    return value if value is not None else str(typer.prompt(f"{_QUESTIONS[option]} ({option})"))


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise UsageError(f"{option} {text}: expected numbers, one for each channel") from None
