from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cexpr.errors import ModelError, UsageError
from cexpr.models import outputs
from cexpr.models.manifest import Manifest
from cexpr.models.outputs import Provided, Signals
from cexpr.signals import ACTION_UNITS, EXPRESSIONS, SIGNALS

SEVEN = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
logits_8 = hnp.arrays(np.float32, (3, 8), elements=st.floats(-30, 30, width=32))


def manifest(**heads: object) -> Manifest:
    return Manifest.model_validate(
        {
            "cexpr_model": 1,
            "id": "made-up",
            "file": "made-up.onnx",
            "licence": "Apache-2.0",
            "input": {
                "size": 8,
                "color": "gray",
                "mean": [0.5],
                "std": [0.5],
                "face": {"align": "arcface"},
            },
            "outputs": heads,
            "path": Path("made-up.yaml"),
        }
    )


def expression(labels: list[str]) -> dict[str, object]:
    return {"tensor": "logits", "slice": [0, len(labels)], "labels": labels}


@given(logits_8)
def test_softmax_is_taken_face_by_face(logits: np.ndarray) -> None:
    expected = [np.exp(row.astype(np.float64) - row.max()) for row in logits]
    expected = [row / row.sum() for row in expected]
    np.testing.assert_allclose(outputs.softmax(logits), expected, atol=1e-6)


def test_a_face_far_below_the_others_keeps_its_probabilities() -> None:
    logits = np.float32([[500.0] * 8, [-500.0] * 8])
    np.testing.assert_allclose(outputs.softmax(logits), 1 / 8)


def test_infinite_logits_are_unknown_without_a_warning() -> None:
    assert np.isnan(outputs.softmax(np.float32([[np.inf, np.inf, 0.0]]))).any()


@pytest.mark.parametrize(
    ("head", "remedy"), [("expression", "softmax"), ("action_units", "sigmoid")]
)
def test_values_that_are_no_probabilities_are_refused(head: str, remedy: str) -> None:
    labels = SEVEN if head == "expression" else list(ACTION_UNITS[:7])
    model = manifest(**{head: {"tensor": "out", "activation": "none", "labels": labels}})
    fine = np.full((2, 7), 1 / 7, np.float32)
    fine[1, 0] = np.nan
    np.testing.assert_allclose(outputs.signals(model, {"out": fine}).values, fine)
    wrong = fine.copy()
    wrong[0, 3] = 2.5
    with pytest.raises(ModelError, match=rf"'out': expected probabilities.* got 2\.5; .*{remedy}"):
        outputs.signals(model, {"out": wrong})


def test_labels_are_reconciled_by_name_and_an_absent_signal_has_no_column() -> None:
    order = ["surprise", *[label for label in SEVEN if label != "surprise"]]
    model = manifest(expression=expression(order))
    logits = np.zeros((1, 7), dtype=np.float32)
    logits[0, 0] = 20
    found = outputs.signals(model, {"logits": logits})
    assert found.names == tuple(SEVEN)
    assert found.values[0, found.names.index("surprise")] > 0.99
    assert found.derived == {}


def test_valence_and_arousal_are_clamped() -> None:
    model = manifest(
        expression=expression(list(EXPRESSIONS)),
        valence_arousal={"tensor": "logits", "slice": [8, 10]},
    )
    raw = np.zeros((1, 10), dtype=np.float32)
    raw[0, 8:] = (1.7, -1.2)
    found = outputs.signals(model, {"logits": raw})
    np.testing.assert_array_equal(found.values[0, -2:], np.float32([1, -1]))


def test_derived_heads_are_expectations_of_the_published_tables() -> None:
    model = manifest(
        expression=expression(list(EXPRESSIONS)),
        valence_arousal={"derived": "circumplex"},
        action_units={"derived": "prototypes"},
    )
    probabilities = np.float32([[0.0, 0.5, 0.0, 0.25, 0.25, 0.0, 0.0, 0.0]])
    logits = np.log(np.maximum(probabilities, 1e-12))
    found = outputs.signals(model, {"logits": logits.astype(np.float32)})
    assert found.names == SIGNALS
    row = dict(zip(found.names, found.values[0], strict=True))
    assert row["valence"] == pytest.approx((-0.64 + 0.81) / 2, abs=1e-5)
    assert row["arousal"] == pytest.approx((0.60 + 0.51) / 2, abs=1e-5)
    assert row["AU25"] == pytest.approx(0.70, abs=1e-5)
    assert row["AU02"] == pytest.approx(0.57 / 2, abs=1e-5)
    assert row["AU15"] == pytest.approx(0.0, abs=1e-5)
    assert set(found.derived) == {"valence", "arousal", *ACTION_UNITS}


def test_a_model_of_contempt_alone_gives_no_invented_affect() -> None:
    probabilities = np.zeros((1, 8), dtype=np.float32)
    probabilities[0, EXPRESSIONS.index("contempt")] = 1
    assert not outputs.circumplex(probabilities).any()


def part(names: tuple[str, ...], value: float, derived: dict[str, str] | None = None) -> Signals:
    return Signals(names, np.full((2, len(names)), value, dtype=np.float32), derived or {})


def test_blending_weighs_by_head_and_by_name() -> None:
    both = [part(("anger", "fear", "valence"), 0.0), part(("anger", "fear", "valence"), 1.0)]
    found = outputs.blend(both, {"expression": [0.5, 0.5], "fear": [1, 3], "valence": [0.8, 0.2]})
    np.testing.assert_allclose(found.values[0], [0.5, 0.75, 0.2], rtol=1e-6)


def test_a_head_that_one_model_has_is_taken_from_it() -> None:
    found = outputs.blend([part(("anger",), 0.25), part(("anger", "AU01"), 0.75)], {})
    assert found.names == ("anger", "AU01")
    np.testing.assert_allclose(found.values[0], [0.5, 0.75])


def test_a_learnt_signal_overrides_a_derived_one() -> None:
    computed = part(("valence",), -1.0, {"valence": "circumplex"})
    found = outputs.blend([computed, part(("valence",), 0.5)], {})
    np.testing.assert_allclose(found.values, 0.5)
    assert found.derived == {}
    assert outputs.blend([computed, computed], {}).derived == {"valence": "circumplex"}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"joy": [1, 1]}, "joy"),
        ({"expression": [1]}, "1 weight for 2 models"),
        ({"expression": [0, 0]}, "above 0"),
        ({"expression": [-1, 2]}, ">= 0"),
    ],
)
def test_wrong_weights_are_refused(weights: dict[str, list[float]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        outputs.blend([part(("anger",), 0.0), part(("anger",), 1.0)], weights)


def test_a_manifest_tells_the_signals_without_a_run() -> None:
    model = manifest(
        expression=expression(["surprise", "anger"]),
        valence_arousal={"derived": "circumplex"},
        action_units={"tensor": "units", "labels": ["AU12", "AU01"]},
    )
    tensors = {"logits": np.zeros((1, 2), np.float32), "units": np.zeros((1, 2), np.float32)}
    found = outputs.signals(model, tensors)
    assert outputs.provided(model) == Provided(
        ("anger", "surprise", "valence", "arousal", "AU01", "AU12"),
        {"valence": "circumplex", "arousal": "circumplex"},
    )
    assert outputs.provided(model) == (found.names, found.derived)


def test_the_signals_of_a_blend_are_told_without_a_run() -> None:
    parts = [
        part(("fear", "valence", "arousal"), 0.0, {"valence": "circumplex", "arousal": "mine"}),
        part(("anger", "valence"), 1.0),
    ]
    found = outputs.blend(parts, {})
    given = [Provided(one.names, one.derived) for one in parts]
    told = outputs.blended(given, {})
    assert told == (found.names, found.derived)
    assert told == (("anger", "fear", "valence", "arousal"), {"arousal": "mine"})
    with pytest.raises(UsageError, match="1 weight for 2 models"):
        outputs.blended(given, {"fear": [1]})


def test_a_sigmoid_of_huge_logits_is_zero_or_one_without_a_warning() -> None:
    units = {"tensor": "units", "labels": ["AU01", "AU02", "AU04"]}
    raw = np.float32([[-1e4, 0, 1e4]])
    values = outputs.signals(manifest(action_units=units), {"units": raw}).values
    np.testing.assert_allclose(values, [[0, 0.5, 1]], atol=1e-30)


def test_the_threshold_of_a_unit_is_the_mean_over_the_models() -> None:
    def units(labels: list[str], **thresholds: float) -> Manifest:
        head = {"tensor": "units", "slice": [0, len(labels)], "labels": labels}
        return manifest(action_units={**head, "thresholds": thresholds})

    models = [units(["AU01", "AU02"], AU01=0.3), units(["AU01", "AU04"], AU01=0.5)]
    found = outputs.thresholds(models, ["AU01", "AU02"])
    assert found == pytest.approx({"AU01": 0.4, "AU02": 0.5})
