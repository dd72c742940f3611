"""Measure how well rules tell compounds from other faces, and print the figures.

python tools/measure_default.py ferplus_valid.npz ferplus_train.npz [--write docs/rules-measured.md]

Every variant is a rule set, built here and evaluated by the core, on every face that the crowd
could read. Each is shown at its own best threshold: the one with the highest F1 on the first file
among those that keep false compounds below 1 per 100 plainly neutral faces and 6 per 100 faces of a
single emotion. The highest level of a pair comes from the model's output on the first file; votes
take no part in it. Two lines are not zero-shot and show what is left: a logistic regression that
learnt the compounds of the second file, and a threshold for each pair fitted to those of the first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cexpr.abaw.classes import CE_PAIRS
from cexpr.evaluation import crowd
from cexpr.evaluation.detection import (
    NO_COMPOUND,
    Detection,
    ReadableFaces,
    measure,
    readable_faces,
)
from cexpr.models import zoo
from cexpr.models.manifest import sha256_of
from cexpr.models.outputs import Signals
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import EXPRESSIONS

Levels = dict[str, float]
Formula = Callable[[str, str, str], str]
EXPONENT: Final = 0.4  # of the weights in `default`
PERCENTILE: Final = 99.5  # of the pair's geometric mean: its highest level
_MOST_NEUTRAL: Final = 1.0
_MOST_SINGLE: Final = 6.0
_THRESHOLDS: Final = np.arange(0.01, 0.8, 0.005)
_ROUNDS: Final = 500
_OTHERS = {
    name: [one for one in crowd.BASIC_EMOTIONS if one not in pair]
    for name, pair in CE_PAIRS.items()
}


@dataclass(frozen=True)
class Split:
    """The readable faces of a file.

    Attributes:
        name: Of the file.
        faces: What the crowd saw.
        held: The faces themselves.
        signals: What the model saw, a row for each face.
    """

    name: str
    faces: ReadableFaces
    held: crowd.CrowdFaces
    signals: Signals


def read_split(path: Path, model: str) -> Split:
    """Read the faces of a file and run the model on them."""
    held = crowd.read_faces(path)
    faces = readable_faces(held.votes)
    held = held[faces.rows]
    return Split(path.name, faces, held, crowd.face_signals(held, model))


def with_mirror_images(split: Split, model: str) -> Signals:
    """The mean of what the model sees in each face and in its mirror image."""
    turned = replace(split.held, images=np.ascontiguousarray(split.held.images[:, :, ::-1]))
    values = split.signals.values + crowd.face_signals(turned, model).values
    return replace(split.signals, values=values / np.float32(2))


def highest_levels(signals: Signals) -> Levels:
    """How high the geometric mean of each pair gets on one face in two hundred."""
    column = dict(zip(signals.names, signals.values.T, strict=True))
    return {
        name: float(np.percentile(np.sqrt(column[a] * column[b]), PERCENTILE))
        for name, (a, b) in CE_PAIRS.items()
    }


def weights(levels: Levels, power: float) -> dict[str, float]:
    """The weight of each pair relative to the strongest one."""
    highest = max(levels.values())
    return {name: (highest / level) ** power for name, level in levels.items()}


def built(formula: Formula, **sections: Any) -> RuleSet:
    """Make a rule set from a formula of class name, first and second emotion."""
    compounds = {name: formula(name, *pair) for name, pair in CE_PAIRS.items()}
    return RuleSet.from_dict({"cexpr": 1, "name": "variant", **sections, "compounds": compounds})


def _tilted(a: str, b: str, power: float = 0.4) -> str:
    """The weaker emotion to a power, times the stronger one to the rest."""
    return f"min({a}, {b}) ^ {power} * max({a}, {b}) ^ {1 - power:g}"


def variants(levels: Levels) -> dict[str, RuleSet]:
    """Every rule set that is compared, without its threshold."""
    usual = weights(levels, EXPONENT)

    def less(share: float, what: str, power: float = 0.0) -> RuleSet:
        weight = weights(levels, power)
        return built(
            lambda name, a, b: f"max({weight[name]:.4f} * ({_tilted(a, b)} - {share} * {what}), 0)"
        )

    def less_best_other(share: float) -> RuleSet:
        return built(
            lambda name, a, b: (
                f"max({_tilted(a, b)} - {share} * max({', '.join(_OTHERS[name])}), 0)"
            )
        )

    found = {
        "mean": built(lambda _, a, b: f"mean({a}, {b})"),
        "gmean": built(lambda _, a, b: f"gmean({a}, {b})"),
        "hmean": built(lambda _, a, b: f"hmean({a}, {b})"),
        "min": built(lambda _, a, b: f"min({a}, {b})"),
        "gmean * sum": built(lambda _, a, b: f"gmean({a}, {b}) * ({a} + {b})"),
        "gmean, pair ahead of neutral": built(
            lambda _, a, b: f"if({a} + {b} > neutral, gmean({a}, {b}), 0)"
        ),
        "gmean, weaker above 0.1": built(
            lambda _, a, b: f"if(min({a}, {b}) > 0.1, gmean({a}, {b}), 0)"
        ),
        "gmean / (gmean + best other)": built(
            lambda name, a, b: (
                f"gmean({a}, {b}) / (gmean({a}, {b}) + max({', '.join(_OTHERS[name])}) + 0.1)"
            )
        ),
    }
    for power in (0.3, 0.4, 0.45, 0.6):
        found[f"weaker^{power} * stronger^{1 - power:g}"] = built(
            lambda _, a, b, power=power: _tilted(a, b, power)
        )
    for share in (0.1, 0.2):
        found[f"weaker^0.4 * stronger^0.6 - {share} neutral"] = less(share, "neutral")
        found[f"weaker^0.4 * stronger^0.6 - {share} best other"] = less_best_other(share)
    found[f"weaker^0.4 * stronger^0.6, pairs relative ^{EXPONENT}"] = built(
        lambda name, a, b: f"{usual[name]:.4f} * {_tilted(a, b)}"
    )
    for power in (0.2, EXPONENT, 0.6):
        found[f"weaker^0.4 * stronger^0.6 - 0.1 neutral, pairs relative ^{power}"] = less(
            0.1, "neutral", power
        )
    return found


@dataclass(frozen=True)
class Answered:
    """The strongest compound of each face of a split, before any threshold."""

    faces: ReadableFaces
    answers: crowd.Answers

    def above(self, thresholds: npt.ArrayLike) -> crowd.Answers:
        """Leave out labels below a threshold: one for all, or one for each class."""
        limits = np.broadcast_to(np.asarray(thresholds, dtype=np.float64), (NO_COMPOUND,))
        labels = self.answers.labels
        keeps = (labels >= 0) & (self.answers.scores >= limits[labels])
        return crowd.Answers(np.where(keeps, labels, np.int32(-1)), self.answers.scores)

    def quickly(self, thresholds: npt.ArrayLike) -> tuple[float, bool]:
        """F1 of detection, and whether false compounds stay within the limits."""
        named = self.above(thresholds).labels >= 0
        is_compound = self.faces.labels < NO_COMPOUND
        both = 2 * (named & is_compound).sum() / max(named.sum() + is_compound.sum(), 1)
        neutral, single = (
            100 * named[kind & ~is_compound].sum() / max(kind.sum(), 1)
            for kind in (self.faces.is_neutral, self.faces.is_single)
        )
        return float(both), bool(neutral < _MOST_NEUTRAL and single < _MOST_SINGLE)


def answered(rules: RuleSet, faces: ReadableFaces, signals: Signals) -> Answered:
    """Ask a rule set for the strongest compound of each face."""
    return Answered(faces, crowd.answer(rules, signals.values, signals.names))


def best_threshold(split: Answered) -> float:
    """The threshold of the highest F1 that keeps false compounds within the limits."""
    f1 = {t: split.quickly(t) for t in _THRESHOLDS}
    allowed = {t: value for t, (value, is_allowed) in f1.items() if is_allowed}
    return float(max(allowed, key=allowed.__getitem__)) if allowed else float(_THRESHOLDS[-1])


def fitted_thresholds(split: Answered, start: float) -> npt.NDArray[np.float64]:
    """A threshold for each pair, fitted to the compounds themselves by coordinate ascent."""
    found = np.full(NO_COMPOUND, start)
    best = split.quickly(found)[0]
    for pair in [*range(NO_COMPOUND)] * 4:
        for threshold in _THRESHOLDS:
            tried = found.copy()
            tried[pair] = threshold
            f1, is_allowed = split.quickly(tried)
            if is_allowed and f1 > best:
                best, found = f1, tried
    return found


def learned(judged: Split, learnt: Split) -> Answered:
    """The strongest pair with the probability of "a compound" that a classifier learnt."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    def logs(signals: Signals) -> npt.NDArray[np.float64]:
        columns = [signals.names.index(name) for name in EXPRESSIONS]
        return np.log(signals.values[:, columns].astype(np.float64) + 0.01)

    scale, products = StandardScaler(), PolynomialFeatures(2)
    features = products.fit_transform(scale.fit_transform(logs(learnt.signals)))
    classifier = LogisticRegression(C=0.1, max_iter=2000)
    classifier.fit(features, learnt.faces.labels < NO_COMPOUND)
    judged_features = products.transform(scale.transform(logs(judged.signals)))
    scores = classifier.predict_proba(judged_features)[:, 1].astype(np.float32)
    pairs = built(lambda _, a, b: f"gmean({a}, {b})")
    labels = crowd.answer(pairs, judged.signals.values, judged.signals.names).labels
    return Answered(judged.faces, crowd.Answers(labels, scores))


def figures(name: str, threshold: str, found: Detection) -> str:
    """One row of a table."""
    values = {key: value[0] for key, value in found.figures.items()}
    low, high = found.figures["f1"][1:]
    return (
        f"| {name} | {threshold} | {values['precision']:.3f} | {values['recall']:.3f} "
        f"| {values['f1']:.3f} ({low:.3f} to {high:.3f}) | {values['average_precision']:.3f} "
        f"| {values['macro_f1']:.3f} | {values['per_100_neutral']:.1f} "
        f"| {values['per_100_single']:.1f} |"
    )


def levels_table(levels: Levels) -> list[str]:
    """The highest level of each pair and the weight that follows from it."""
    rows = [
        f"| {name} | {levels[name]:.3f} | {weight:.2f} |"
        for name, weight in weights(levels, EXPONENT).items()
    ]
    return [f"| pair | highest level | weight (^{EXPONENT}) |", "| --- | --- | --- |", *rows]


def split_table(split: Split, chosen: Mapping[str, float], rule_sets: Mapping[str, RuleSet]) -> str:
    """Every variant on one file, at its threshold."""
    lines = [
        "| variant | threshold | precision | recall | F1 (95 %) | average precision "
        "| macro F1 of 8 | per 100 neutral | per 100 single |",
        "| --- " * 9 + "|",
    ]
    for name, rules in rule_sets.items():
        found = answered(rules, split.faces, split.signals).above(chosen[name])
        detection = measure(split.faces, found, rounds=_ROUNDS)
        lines.append(figures(name, f"{chosen[name]:.3f}", detection))
    for name in ("default", "challenge"):
        rules = RuleSet.load(name)
        found = crowd.answer(rules, split.signals.values, split.signals.names)
        lines.append(figures(f"`{name}`", "its own", measure(split.faces, found, rounds=_ROUNDS)))
    return "\n".join(lines)


def ceilings(judged: Split, learnt: Split, model: str) -> list[str]:
    """What other knowledge would give: the picture's mirror image, or the compounds themselves."""
    rules = RuleSet.load("default")
    both = with_mirror_images(judged, model)
    plain = built(lambda _, a, b: _tilted(a, b))
    fitted = answered(plain, judged.faces, judged.signals)
    classifier = learned(judged, learnt)
    threshold = best_threshold(classifier)
    pair_thresholds = fitted_thresholds(fitted, best_threshold(fitted))
    lines = {
        "`default`, mean of picture and mirror image": (
            "its own",
            crowd.answer(rules, both.values, both.names),
        ),
        "not zero-shot: logistic regression": (f"{threshold:.3f}", classifier.above(threshold)),
        "not zero-shot: a fitted threshold for each pair": (
            "fitted",
            fitted.above(pair_thresholds),
        ),
    }
    return [
        figures(name, text, measure(judged.faces, answers, rounds=_ROUNDS))
        for name, (text, answers) in lines.items()
    ]


def report(paths: list[Path], model: str = "cexpr-s") -> str:
    """Measure everything and return it as Markdown."""
    judged, learnt = (read_split(path, model) for path in paths)
    levels = highest_levels(judged.signals)
    rule_sets = variants(levels)
    chosen = {
        name: best_threshold(answered(rules, judged.faces, judged.signals))
        for name, rules in rule_sets.items()
    }
    manifest = zoo.find(model)
    digest = sha256_of(zoo.model_file(manifest))
    parts = [f"Model `{manifest.id}`, SHA-256 `{digest}`.", "", *levels_table(levels)]
    for number, split in enumerate((judged, learnt)):
        parts += ["", f"### {split.name}, {len(split.faces.labels)} readable faces", ""]
        parts.append(split_table(split, chosen, rule_sets))
        if number == 0:
            parts += ceilings(judged, learnt, model)
    return "\n".join(parts)


def main(arguments: list[str]) -> None:
    """Print the report, or write it between the marks of a page."""
    page = None
    if "--write" in arguments:
        at = arguments.index("--write")
        page = Path(arguments[at + 1])
        del arguments[at : at + 2]
    if len(arguments) != 2:
        sys.exit("usage: python tools/measure_default.py VALID.npz TRAIN.npz [--write PAGE]")
    text = report([Path(argument) for argument in arguments])
    if page is None:
        print(text)
        return
    before, mark, rest = page.read_text(encoding="utf-8").partition("<!-- measured default -->\n")
    _, end, after = rest.partition("<!-- end default -->")
    page.write_text(f"{before}{mark}{text}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
