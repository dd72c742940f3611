"""Measure what helps zero-shot rules on crowd-confirmed compounds, and print the figures.

python tools/measure_rules.py ferplus_valid.npz [ferplus_train.npz] [--write docs/rules-measured.md]

Every variant is a rule set, built here and evaluated by the core. The first file chooses; the
second, if given, shows whether the order holds on faces that chose nothing (the model has seen them
with their votes, but no rule has). The usual level of a pair comes from the model's output on all
faces of the first file; votes take no part in it. One line is no rule: a logistic regression that
learnt the compounds of the second file tells how much the probabilities can give at all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cexpr.abaw.classes import CE_PAIRS
from cexpr.evaluation import crowd
from cexpr.metrics import COMPOUND_FRAMES
from cexpr.models import zoo
from cexpr.models.manifest import sha256_of
from cexpr.models.outputs import Signals
from cexpr.rules.files import shipped
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import EXPRESSIONS

Levels = dict[str, float]
Formula = Callable[[str, str, str], str]
EXPONENT = 0.4  # of the weights in `challenge`
# Frames of C-EXPR-DB by class (Kollias, CVPR 2023, as the HSEmotion notebook quotes them).
_PUBLISHED_FRAMES = dict(zip(CE_PAIRS, COMPOUND_FRAMES, strict=True))
_OTHERS = {
    name: [one for one in crowd.BASIC_EMOTIONS if one not in pair]
    for name, pair in CE_PAIRS.items()
}


def usual_levels(signals: Signals) -> Levels:
    """Mean over all faces of the geometric mean of each pair."""
    column = dict(zip(signals.names, signals.values.T, strict=True))
    return {name: float(np.sqrt(column[a] * column[b]).mean()) for name, (a, b) in CE_PAIRS.items()}


def built(formula: Formula, **sections: Any) -> RuleSet:
    """Make a rule set from a formula of class name, first and second emotion."""
    compounds = {name: formula(name, *pair) for name, pair in CE_PAIRS.items()}
    return RuleSet.from_dict({"cexpr": 1, "name": "variant", **sections, "compounds": compounds})


def variants(levels: Levels, signals: Signals) -> dict[str, RuleSet]:
    """Every rule set that is compared, the plain mean first."""
    usual = dict(zip(signals.names, signals.values.mean(axis=0).tolist(), strict=True))
    highest = max(levels.values())
    faces = {name: f"{name.lower()}_face" for name in CE_PAIRS}
    emfacs: dict[str, Any] = {"let": _lets_of("emfacs")}
    priors: dict[str, Any] = {"decide": {"priors": _PUBLISHED_FRAMES}}

    def relative(power: float, score: str = "gmean") -> Formula:
        return lambda name, a, b: f"{score}({a}, {b}) * {(highest / levels[name]) ** power:.4f}"

    def signed(name: str, a: str, b: str) -> str:
        sign = "" if a == "happiness" else "-"
        return f"gmean({a}, {b}) * sigmoid({sign}4 * valence) * sigmoid(4 * arousal)"

    def with_face(power: float) -> RuleSet:
        return built(lambda name, a, b: f"{relative(power)(name, a, b)} * {faces[name]}", **emfacs)

    def above_floor(name: str, a: str, b: str) -> str:
        kept = [f"max({one} - {0.1 * usual[one]:.6f}, 0)" for one in (a, b)]
        return f"gmean({', '.join(kept)}) * {(highest / levels[name]) ** EXPONENT:.4f}"

    def softened(power: float) -> Formula:
        return lambda _, a, b: f"gmean({a}, {b}{f' ^ {power}' if b == 'surprise' else ''})"

    def by_emotion(power: float) -> Formula:
        return lambda _, a, b: f"gmean({a}, {b}) / {(usual[a] * usual[b]) ** (power / 2):.6f}"

    found = {
        "mean": built(lambda _, a, b: f"mean({a}, {b})"),
        "gmean": built(lambda _, a, b: f"gmean({a}, {b})"),
        "hmean": built(lambda _, a, b: f"hmean({a}, {b})"),
        "min": built(lambda _, a, b: f"min({a}, {b})"),
        "mean of square roots (softer)": built(lambda _, a, b: f"mean(sqrt({a}), sqrt({b}))"),
        "mean of squares (sharper)": built(lambda _, a, b: f"mean({a} ^ 2, {b} ^ 2)"),
        "mean, published shares as priors": built(lambda _, a, b: f"mean({a}, {b})", **priors),
        "gmean, published shares as priors": built(lambda _, a, b: f"gmean({a}, {b})", **priors),
        "gmean, surprise counts less (^0.8)": built(softened(0.8)),
        "gmean - 0.25 best other": built(
            lambda name, a, b: f"1 + gmean({a}, {b}) - 0.25 * max({', '.join(_OTHERS[name])})"
        ),
        "gmean / (gmean + best other)": built(
            lambda name, a, b: (
                f"gmean({a}, {b}) / (gmean({a}, {b}) + max({', '.join(_OTHERS[name])}))"
            )
        ),
        "gmean / (gmean + neutral)": built(
            lambda _, a, b: f"gmean({a}, {b}) / (gmean({a}, {b}) + neutral)"
        ),
        "gmean, soft signs of V and A": built(signed),
        "gmean, action units": with_face(0.0),
    }
    for power in (0.15, 0.3, 0.45):
        found[f"gmean, emotions relative ^{power}"] = built(by_emotion(power))
    for power in (0.25, 0.4, 0.5, 0.75, 1.0):
        found[f"gmean, pairs relative ^{power}"] = built(relative(power))
    found[f"gmean, pairs relative ^{EXPONENT}, published shares as priors"] = built(
        relative(EXPONENT), **priors
    )
    found[f"gmean, pairs relative ^{EXPONENT}, above a tenth of usual"] = built(above_floor)
    for power in (0.25, 0.4, 0.75):
        found[f"hmean, pairs relative ^{power}"] = built(relative(power, "hmean"))
        found[f"gmean, pairs relative ^{power}, action units"] = with_face(power)
    return found


def _lets_of(name: str) -> dict[str, str]:
    import yaml

    lets: dict[str, str] = yaml.safe_load(RuleSet.load(name).text)["let"]
    return lets


def cross_validated(
    labels: crowd.Labels, predictions: dict[str, crowd.Labels], folds: int = 10
) -> crowd.Labels:
    """Let each fold be judged by the variant that is best on the other folds."""
    fold = np.empty(len(labels), dtype=np.int64)
    for class_id in range(len(CE_PAIRS)):
        rows = np.random.default_rng(0).permutation(np.flatnonzero(labels == class_id))
        fold[rows] = np.arange(len(rows)) % folds
    chosen = np.empty_like(labels)
    for held in range(folds):
        rest = fold != held
        best = max(
            predictions,
            key=lambda name: crowd.score(labels[rest], predictions[name][rest]).macro_f1,
        )
        chosen[~rest] = predictions[best][~rest]
    return chosen


def compounds_of(path: Path, model: str) -> tuple[crowd.Labels, Signals]:
    """The compounds of a file with the model's signals."""
    faces = crowd.read_faces(path)
    labels = crowd.crowd_labels(faces.votes)
    rows = np.flatnonzero(labels >= 0)
    return labels[rows], crowd.face_signals(faces[rows], model)


def line(
    name: str,
    labels: crowd.Labels,
    predicted: crowd.Labels,
    baseline: crowd.Labels,
    rounds: int = 1000,
) -> str:
    """One row of the table."""
    found = crowd.score(labels, predicted)
    # Disgustedly surprised has two faces in the validation split: one more hit is +0.1.
    without: npt.NDArray[np.float64] = np.delete(
        found.f1, list(CE_PAIRS).index("Disgustedly_Surprised")
    )
    ahead, low, high = crowd.bootstrap_margin(labels, predicted, baseline, rounds=rounds)[
        "macro_f1"
    ]
    return (
        f"| {name} | {found.accuracy:.4f} | {found.macro_f1:.4f} | {without.mean():.4f} "
        f"| {ahead:+.4f} ({low:+.4f} to {high:+.4f}) |"
    )


def levels_table(levels: Levels) -> list[str]:
    """The usual level of each pair and the weight that follows from it."""
    highest = max(levels.values())
    rows = [
        f"| {name} | {level:.4f} | {(highest / level) ** EXPONENT:.2f} |"
        for name, level in levels.items()
    ]
    return ["| pair | usual level | weight (^0.4) |", "| --- | --- | --- |", *rows]


def shipped_table(labels: crowd.Labels, signals: Signals) -> list[str]:
    """Every rule set that comes with cexpr, best macro F1 first, the confusion of `challenge`."""
    scores = {
        name: crowd.score(
            labels, crowd.answer(RuleSet.load(name), signals.values, signals.names).labels
        )
        for name in shipped()
    }
    short = ["".join(word[:2] for word in name.split("_")) for name in CE_PAIRS]
    lines = [
        f"| rule set | accuracy | macro F1 | {' | '.join(short)} |",
        "| --- " * (len(CE_PAIRS) + 3) + "|",
    ]
    for name, found in sorted(scores.items(), key=lambda entry: -entry[1].macro_f1):
        each = " | ".join(f"{value:.2f}" for value in found.f1)
        lines.append(f"| `{name}` | {found.accuracy:.4f} | {found.macro_f1:.4f} | {each} |")
    lines += [
        "",
        "`challenge`, a row for each class of the crowd, a column for each answer:",
        "",
        f"| crowd | {' | '.join(short)} | no label |",
        "| --- " * (len(CE_PAIRS) + 2) + "|",
    ]
    for name, row in zip(CE_PAIRS, scores["challenge"].confusion, strict=True):
        lines.append(f"| {name} | {' | '.join(map(str, row))} |")
    return lines


def variants_table(
    labels: crowd.Labels,
    signals: Signals,
    rule_sets: dict[str, RuleSet],
    extra: dict[str, crowd.Labels],
) -> list[str]:
    """Every variant on one file."""
    predictions = {
        name: crowd.answer(rules, signals.values, signals.names).labels
        for name, rules in {**rule_sets, "challenge": RuleSet.load("challenge")}.items()
    }
    chosen = cross_validated(labels, predictions)
    return [
        "| variant | accuracy | macro F1 | without disgust | macro F1 ahead of mean (95 %) |",
        "| --- | --- | --- | --- | --- |",
        *(line(name, labels, one, predictions["mean"]) for name, one in predictions.items()),
        line("chosen by 10-fold cross-validation", labels, chosen, predictions["mean"]),
        *(line(name, labels, one, predictions["mean"]) for name, one in extra.items()),
    ]


def learned(paths: list[Path], model: str) -> crowd.Labels:
    """What a classifier answers for the first file that learnt the compounds of the second."""
    from sklearn.linear_model import LogisticRegression

    def logs(signals: Signals) -> npt.NDArray[np.float64]:
        columns = [signals.names.index(name) for name in EXPRESSIONS]
        return np.log(signals.values[:, columns].astype(np.float64) + 1e-4)

    _, judged = compounds_of(paths[0], model)
    labels, signals = compounds_of(paths[1], model)
    classifier = LogisticRegression(class_weight="balanced", max_iter=2000)
    found = classifier.fit(logs(signals), labels).predict(logs(judged))
    return np.asarray(found, dtype=np.int32)


def report(paths: list[Path], model: str = "cexpr-s") -> str:
    """Measure everything and return it as Markdown."""
    everything = crowd.face_signals(crowd.read_faces(paths[0]), model)
    levels = usual_levels(everything)
    rule_sets = variants(levels, everything)
    manifest = zoo.find(model)
    digest = sha256_of(zoo.model_file(manifest))
    parts = [
        f"Model `{manifest.id}`, SHA-256 `{digest}`.",
        "",
        *levels_table(levels),
    ]
    for number, path in enumerate(paths):
        labels, signals = compounds_of(path, model)
        parts += ["", f"### {path.name}, {len(labels)} compounds", ""]
        if number == 0:
            parts += [*shipped_table(labels, signals), ""]
        extra = {}
        if number == 0 and len(paths) > 1:
            extra["not zero-shot: logistic regression"] = learned(paths, model)
        parts += variants_table(labels, signals, rule_sets, extra)
    return "\n".join(parts)


def main(arguments: list[str]) -> None:
    """Print the report, or write it between the marks of a page."""
    page = None
    if "--write" in arguments:
        at = arguments.index("--write")
        page = Path(arguments[at + 1])
        del arguments[at : at + 2]
    if not arguments:
        sys.exit("usage: python tools/measure_rules.py VALID.npz [TRAIN.npz] [--write PAGE]")
    text = report([Path(argument) for argument in arguments])
    if page is None:
        print(text)
        return
    before, mark, rest = page.read_text(encoding="utf-8").partition("<!-- measured -->\n")
    _, end, after = rest.partition("<!-- end -->")
    page.write_text(f"{before}{mark}{text}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
