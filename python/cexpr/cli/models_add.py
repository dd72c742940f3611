"""`cexpr models add`: a manifest for an ONNX file of the user's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cexpr.cli._console import complain
from cexpr.cli._options import number, numbers, whole
from cexpr.errors import UsageError

if TYPE_CHECKING:
    from cexpr.models.add import Graph

# What is asked if the graph does not tell, by the option that answers it.
_QUESTIONS: Final = {
    "--expression": "where are the expressions",
    "--labels": "order of the expressions: affectnet8, affectnet7 or a list",
    "--color": "rgb or bgr",
    "--face": "arcface or box",
    "--size": "width and height of the input",
    "--mean": "mean of each channel, for values in 0..1",
    "--std": "standard deviation of each channel",
    "--licence": "licence of the weights",
}


def add(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The ONNX file.", exists=True, dir_okay=False)
    ],
    expression: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Where the expressions are: TENSOR, TENSOR[0:8], or [0:8] if there is one output.",
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="ORDER",
            help="Order of the expressions: affectnet8, affectnet7, or anger,fear,...",
        ),
    ] = None,
    activation: Annotated[
        str,
        typer.Option(
            metavar="softmax|none",
            help="softmax if the expression outputs are logits, none if they are probabilities.",
        ),
    ] = "softmax",
    valence_arousal: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Where valence and arousal are, or 'derived' to compute them from the "
            "expressions.",
        ),
    ] = None,
    va_activation: Annotated[
        str,
        typer.Option(
            metavar="none|tanh", help="Activation to apply to the valence and arousal outputs."
        ),
    ] = "none",
    action_units: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Where the action units are, or 'derived' to compute them from the expressions.",
        ),
    ] = None,
    au_labels: Annotated[
        str | None,
        typer.Option(
            metavar="AU,AU",
            help="Order of the action units: AU01,AU02,...",
            show_default="all 12 in order",
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="TENSOR",
            help="Output that holds the embedding, or 'input-of:TENSOR' for the input of the last "
            "layer.",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Width and height of the input, if the graph leaves them open.",
            parser=whole("--size", 1),
        ),
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(metavar="rgb|bgr|gray", help="Order of the input channels."),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(
            metavar="X,X,X",
            help="Mean of each channel, for values in 0..1, for example 0.485,0.456,0.406.",
        ),
    ] = None,
    std: Annotated[
        str | None,
        typer.Option(
            metavar="X,X,X",
            help="Standard deviation of each channel, for example 0.229,0.224,0.225.",
        ),
    ] = None,
    face: Annotated[
        str | None,
        typer.Option(
            metavar="arcface|box",
            help="How faces are cut: arcface (aligned by five landmarks) or box (the detector's "
            "box).",
        ),
    ] = None,
    margin: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Margin on each side of the face, as a fraction of its size.",
            parser=number("--margin"),
        ),
    ] = 0.0,
    licence: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Licence of the weights.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Name of the model.", show_default="the name of the file"
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the manifest if there is one.")
    ] = False,
) -> None:
    """Write a manifest beside your own ONNX file, and test the model.

    Details missing from the graph come from the options, or are asked for on a terminal.

    Afterwards `--model FILE.onnx` uses the model. Exit status: 0 done; 2 bad usage, or the test
    found a problem.
    """
    from cexpr.models.add import head_place, inspect, label_order, try_out, write

    graph = inspect(file)
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
    if not (all(told.values()) or sys.stdin.isatty()):
        missing = [f"{one} ({_QUESTIONS[one]})" for one, is_told in told.items() if not is_told]
        raise UsageError(f"{file}: the graph does not tell everything; give {', '.join(missing)}")
    if not heads:
        expression = _asked("--expression", None)
    channels = graph.channels
    color = "gray" if channels == 1 else _asked("--color", color)
    outputs: dict[str, Any] = {}
    if expression:
        order = _asked("--labels", labels)
        outputs["expression"] = {
            **head_place(expression, graph),
            "activation": activation,
            "labels": label_order(order),
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
        raise UsageError(f"--face: expected arcface or box, got '{cut}'")
    side = graph.size or size or whole("--size", 1)(_asked("--size", None))
    values = {
        "id": name or file.stem,
        "licence": _asked("--licence", licence),
        "input": {
            "size": side,
            "color": color,
            "mean": numbers("--mean", _asked("--mean", mean), "0.485,0.456,0.406"),
            "std": numbers("--std", _asked("--std", std), "0.229,0.224,0.225"),
            "face": {"align": "arcface", "margin": margin}
            if cut == "arcface"
            else {"box_margin": margin},
        },
        "outputs": outputs,
    }
    model = write(file, values, overwrite=overwrite)
    typer.echo(f"wrote {model.path}")
    trial = try_out(model, file)
    typer.echo(f"{trial.provider}, {trial.seconds_per_face * 1000:.1f} ms a face, one thread")
    for problem in trial.problems:
        complain(f"self-test: {problem}")
    if trial.problems:
        raise typer.Exit(2)
    typer.echo(f"self-test passed; use it with --model {file}")


def _head(text: str, graph: Graph, formula: str, **more: Any) -> dict[str, Any]:
    from cexpr.models.add import head_place

    if text == "derived":
        return {"derived": formula}
    return {**head_place(text, graph), **more}


def _shapes(kind: str, shapes: Any) -> str:
    return "".join(f"{kind} {name} {list(shape)}\n" for name, shape in shapes.items())


def _asked(option: str, value: str | None) -> str:
    """The option's value, or the answer of a person at the terminal."""
    return value if value is not None else str(typer.prompt(f"{_QUESTIONS[option]} ({option})"))
