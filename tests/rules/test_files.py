"""Every rule set that comes with cexpr, against plain numpy formulas written from the papers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

import cexpr
from cexpr.abaw.classes import CE_PAIRS
from cexpr.rules.files import shipped
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import SIGNALS
from cexpr.tables.result import FaceRows
from cexpr.timeline.decide import decide_tables

Array = npt.NDArray[np.float64]

NAMES = [
    "default",
    "challenge",
    "hsemotion-mean",
    "hsemotion-gmean",
    "hsemotion-hmean",
    "avcer",
    "avcer-unweighted",
    "ras-ppa",
    "circumplex",
    "emfacs",
]
# Scores are float32 sums and products of a dozen numbers near 1.
TOLERANCE = 2e-6


@pytest.fixture(scope="module")
def signals() -> npt.NDArray[np.float32]:
    """500 random rows: probabilities that add up to 1, valence and arousal, action units."""
    random = np.random.default_rng(7)
    expressions = random.dirichlet(np.full(8, 0.6), size=500)
    rest = random.uniform(-1, 1, (500, 2)), random.uniform(0, 1, (500, 12))
    return np.concatenate([expressions, *rest], axis=1).astype(np.float32)


def pair_columns(signals: npt.NDArray[np.float32]) -> tuple[Array, Array]:
    wide = signals.astype(np.float64)
    first, second = zip(*CE_PAIRS.values(), strict=True)
    return (
        wide[:, [SIGNALS.index(name) for name in first]],
        wide[:, [SIGNALS.index(name) for name in second]],
    )


def scores_of(name: str, signals: npt.NDArray[np.float32]) -> Array:
    return RuleSet.load(name).evaluate(signals, names=list(SIGNALS)).astype(np.float64)


def test_all_are_there_and_the_package_offers_the_class() -> None:
    assert set(shipped()) == set(NAMES)
    assert cexpr.RuleSet is RuleSet


@pytest.mark.parametrize("name", NAMES)
def test_each_has_the_seven_classes_a_source_and_passes_its_own_tests(name: str) -> None:
    rules = RuleSet.load(name)
    assert rules.name == name
    assert rules.compounds == list(CE_PAIRS)
    assert rules.about
    assert rules.source
    assert len(rules.tests) >= 3
    assert all(result["passed"] for result in rules.run_tests())


@pytest.mark.parametrize("name", NAMES)
def test_nothing_known_and_nothing_there_is_no_label(name: str) -> None:
    rules = RuleSet.load(name)
    rows = np.zeros((2, len(SIGNALS)), dtype=np.float32)
    rows[1] = np.nan
    scores = rules.evaluate(rows, names=list(SIGNALS))
    assert rules.decide(scores).tolist() == [-1, -1]


def test_hsemotion_means(signals: npt.NDArray[np.float32]) -> None:
    a, b = pair_columns(signals)
    formulas = {
        "hsemotion-mean": (a + b) / 2,
        "hsemotion-gmean": np.sqrt(a * b),
        "hsemotion-hmean": 2 * a * b / (a + b),
    }
    for name, expected in formulas.items():
        np.testing.assert_allclose(scores_of(name, signals), expected, atol=TOLERANCE)


def test_hsemotion_follows_the_published_order() -> None:
    for kind in ("mean", "gmean", "hmean"):
        rules = RuleSet.load(f"hsemotion-{kind}")
        kernels = {group: smoothing.kernel for group, smoothing in rules.smooth.items()}
        assert kernels == {
            "expression": "none",
            "valence_arousal": "none",
            "action_units": "none",
            "compounds": "box",
        }
        assert (rules.faces, rules.gaps, rules.gaps_at_most) == ("max", "interpolate", None)


def make_clip(seed: int, frame_count: int) -> FaceRows:
    """One to three faces in a frame, at times none; random probabilities."""
    random = np.random.default_rng(seed)
    frame, face = [], []
    number = 1
    while number <= frame_count:
        if random.random() < 0.05:
            number += int(random.integers(1, 30))
            continue
        there = [track for track in (1, 2, 3) if random.random() < 0.5]
        frame += [number] * len(there)
        face += there
        number += 1
    rows = len(frame)
    return FaceRows(
        frame=np.array(frame, np.int64),
        time=(np.array(frame) - 1) / 25.0,
        track=np.array(face, np.int64),
        boxes_xywh=random.random((rows, 4), np.float32),
        detection=random.random(rows, np.float32),
        names=tuple(SIGNALS[:8]),
        signals=random.dirichlet(np.full(8, 0.6), size=rows).astype(np.float32),
    )


@pytest.mark.parametrize("kind", ["mean", "gmean", "hmean"])
@pytest.mark.parametrize("seed", range(4))
def test_hsemotion_reproduces_the_published_pipeline_on_a_clip(kind: str, seed: int) -> None:
    frame_count, radius = 400, 50
    rows = make_clip(seed, frame_count)
    a, b = pair_columns(np.pad(rows.signals, ((0, 0), (0, 14))))
    of_faces = {"mean": (a + b) / 2, "gmean": np.sqrt(a * b), "hmean": 2 * a * b / (a + b)}[kind]
    numbers = np.arange(1, frame_count + 1)
    seen = np.unique(rows.frame)
    assert len(seen) < frame_count
    assert (np.bincount(rows.frame) > 1).any()
    merged = np.array([of_faces[rows.frame == number].max(axis=0) for number in seen])
    filled = np.stack([np.interp(numbers, seen, column) for column in merged.T], axis=1)
    is_seen = np.isin(numbers, seen)
    smoothed = filled.copy()
    for i in range(frame_count):
        reach = slice(max(0, i - radius), i + radius + 1)
        if is_seen[reach].any():
            smoothed[i] = filled[reach][is_seen[reach]].mean(axis=0)
    frames = decide_tables(
        rows, numbers, (numbers - 1) / 25.0, RuleSet.load(f"hsemotion-{kind}")
    ).frames
    scores = np.stack([frames.column(name).to_numpy() for name in CE_PAIRS], axis=1)
    # Means over 101 frames in float32.
    np.testing.assert_allclose(scores, smoothed, atol=1e-5)
    chosen = smoothed[np.arange(frame_count), frames.column("compound_id").to_numpy()]
    np.testing.assert_allclose(chosen, smoothed.max(axis=1), atol=1e-5)


def test_avcer_masks_then_weighs(signals: npt.NDArray[np.float32]) -> None:
    weight = {
        "anger": 5,
        "disgust": 6,
        "fear": 5,
        "happiness": 6,
        "sadness": 4,
        "surprise": 2,
    }
    a, b = pair_columns(np.where(signals > np.float32(1 / 7), signals, np.float32(0)))
    wa, wb = (
        np.array([weight[pair[side]] for pair in CE_PAIRS.values()], dtype=np.float64)
        for side in (0, 1)
    )
    weighted = (wa * a + wb * b) / (wa + wb)
    np.testing.assert_allclose(scores_of("avcer", signals), weighted, atol=TOLERANCE)
    np.testing.assert_allclose(scores_of("avcer-unweighted", signals), a + b, atol=TOLERANCE)


def test_avcer_without_anything_above_the_mask_has_no_label() -> None:
    row = np.full((1, 8), 0.125, dtype=np.float32)
    for name in ("avcer", "avcer-unweighted"):
        rules = RuleSet.load(name)
        scores = rules.evaluate(row, names=list(SIGNALS[:8]))
        assert not scores.any()
        assert rules.decide(scores).tolist() == [-1]


def test_ras_ppa_is_the_pair_sum_in_a_single_frame(signals: npt.NDArray[np.float32]) -> None:
    a, b = pair_columns(signals)
    np.testing.assert_allclose(scores_of("ras-ppa", signals), a + b, atol=TOLERANCE)


def test_ras_ppa_averages_means_over_the_windows_that_cover_a_frame() -> None:
    random = np.random.default_rng(3)
    signals = random.dirichlet(np.ones(8), size=400).astype(np.float32)
    times = np.arange(400) / 25
    a, b = pair_columns(np.pad(signals, ((0, 0), (0, 14))))
    near = np.abs(times[:, None] - times[None, :]) <= 2 + 1e-6
    mean = near / near.sum(axis=1, keepdims=True)
    scores = RuleSet.load("ras-ppa").evaluate(signals, names=list(SIGNALS[:8]), times=times)
    np.testing.assert_allclose(scores, mean @ mean @ (a + b), atol=1e-5)


def test_ras_ppa_equals_the_published_windows_averaged_over_where_they_start() -> None:
    random = np.random.default_rng(4)
    rate, window, hop = 25, 100, 50
    signals = random.dirichlet(np.ones(8), size=600).astype(np.float32)
    a, b = pair_columns(np.pad(signals, ((0, 0), (0, 14))))
    sums = a + b
    frame = 300
    shifts = []
    for shift in range(hop):
        covering = [
            sums[start : start + window].mean(axis=0)
            for start in range(shift, 600 - window, hop)
            if start <= frame < start + window
        ]
        assert len(covering) == 2
        shifts.append(np.mean(covering, axis=0))
    scores = RuleSet.load("ras-ppa").evaluate(
        signals, names=list(SIGNALS[:8]), times=np.arange(600) / rate
    )
    # A window of 4 s has 100 frames there and 101, both ends counted, here.
    np.testing.assert_allclose(scores[frame], np.mean(shifts, axis=0), atol=5e-3)


def test_circumplex_gates_the_means(signals: npt.NDArray[np.float32]) -> None:
    a, b = pair_columns(signals)
    valence = signals[:, SIGNALS.index("valence"), None]
    arousal = signals[:, SIGNALS.index("arousal"), None]
    happy = np.array([pair[0] == "happiness" for pair in CE_PAIRS.values()])
    is_open = np.where(happy, valence > 0, valence < 0) & (arousal > 0)
    expected = np.where(is_open, (a + b) / 2, 0)
    np.testing.assert_allclose(scores_of("circumplex", signals), expected, atol=TOLERANCE)


def test_emfacs_agrees_with_the_table(signals: npt.NDArray[np.float32]) -> None:
    consistent, unlisted = 0.85, 0.10
    shown = {
        "Fearfully_Surprised": {"AU04": 0.47, "AU10": 0.35, "AU26": 0.51},
        "Happily_Surprised": {"AU26": 0.67},
        "Sadly_Surprised": {"AU02": 0.27, "AU06": 0.31},
        "Disgustedly_Surprised": {"AU04": 0.45, "AU24": 0.33},
        "Angrily_Surprised": {"AU07": 0.50, "AU10": 0.34},
        "Sadly_Fearful": {"AU02": 0.46, "AU06": 0.34, "AU15": 0.30},
        "Sadly_Angry": {"AU06": 0.26, "AU07": 0.48},
    }
    always = {
        "Fearfully_Surprised": "AU01 AU02 AU25",
        "Happily_Surprised": "AU01 AU02 AU12 AU25",
        "Sadly_Surprised": "AU01 AU04 AU25 AU26",
        "Disgustedly_Surprised": "AU01 AU02 AU10",
        "Angrily_Surprised": "AU04 AU25 AU26",
        "Sadly_Fearful": "AU01 AU04 AU25",
        "Sadly_Angry": "AU04 AU15",
    }
    units = [name for name in SIGNALS if name.startswith("AU") and name != "AU23"]
    q = signals[:, [SIGNALS.index(name) for name in units]].astype(np.float64)
    a, b = pair_columns(signals)
    expected = np.sqrt(a * b)
    for class_id, name in enumerate(CE_PAIRS):
        share = {**shown[name], **dict.fromkeys(always[name].split(), consistent)}
        f = np.array([share.get(unit, unlisted) for unit in units])
        agreement = q * f + (1 - q) * (1 - f)
        expected[:, class_id] *= np.exp(np.log(agreement).mean(axis=1))
    np.testing.assert_allclose(scores_of("emfacs", signals), expected, atol=TOLERANCE)


def test_default_leans_to_the_stronger_emotion_and_takes_off_a_tenth_of_neutral(
    signals: npt.NDArray[np.float32],
) -> None:
    a, b = pair_columns(signals)
    neutral = signals[:, [SIGNALS.index("neutral")]]
    pair = np.minimum(a, b) ** 0.4 * np.maximum(a, b) ** 0.6 - 0.1 * neutral
    expected = np.maximum(pair * [1.00, 1.00, 1.33, 1.84, 1.05, 1.15, 1.14], 0)
    assert (expected == 0).any()
    np.testing.assert_allclose(scores_of("default", signals), expected, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("setting", "changed"),
    [
        ("  expression: {kernel: gaussian, sigma: 0.2s, radius: 0.6s}", "  expression: none"),
        ("calm: 0.1 * neutral", "calm: 0"),
        ("abstain_below: 0.35", "abstain_below: 0.30"),
        (" exit_below: 0.25,", ""),
        (" hysteresis: 0.05,", ""),
        (", min_duration: 1s", ""),
    ],
)
def test_the_tests_of_default_hold_each_of_its_settings(setting: str, changed: str) -> None:
    text = RuleSet.load("default").text
    assert text.count(setting) == 1
    results = RuleSet.from_string(text.replace(setting, changed)).run_tests()
    assert not all(result["passed"] for result in results)


@pytest.mark.parametrize("first", [0.4, 0.5, 0.7, 0.9])
def test_default_begins_where_two_of_ten_people_see_the_weaker_emotion(first: float) -> None:
    rows = np.zeros((2, 8), dtype=np.float32)
    rows[:, SIGNALS.index("happiness")] = first
    # weaker^0.4 * stronger^0.6 is 0.35 at the limit
    limit = (0.35 / first**0.6) ** 2.5
    rows[:, SIGNALS.index("surprise")] = [limit * 1.02, limit * 0.98]
    rules = RuleSet.load("default")
    named = rules.decide(rules.evaluate(rows, list(SIGNALS[:8])))
    assert named.tolist() == [list(CE_PAIRS).index("Happily_Surprised"), -1]


def test_challenge_weighs_a_frame_against_four_seconds() -> None:
    rows = np.zeros((100, 8), dtype=np.float32)
    rows[:, SIGNALS.index("sadness")] = rows[:, SIGNALS.index("anger")] = 0.4
    rows[50, SIGNALS.index("sadness")] = 0.05
    rows[50, SIGNALS.index("surprise")] = 0.5
    rules = RuleSet.load("challenge")
    alone = rules.decide(rules.evaluate(rows[50:51], list(SIGNALS[:8])))
    assert alone.tolist() == [list(CE_PAIRS).index("Angrily_Surprised")]
    within = rules.decide(rules.evaluate(rows, list(SIGNALS[:8]), times=np.arange(100) / 25))
    assert set(within.tolist()) == {list(CE_PAIRS).index("Sadly_Angry")}


def test_challenge_gives_every_face_its_strongest_pair(signals: npt.NDArray[np.float32]) -> None:
    a, b = pair_columns(signals)
    scores = np.sqrt(a * b) * [1.02, 1.00, 1.12, 1.77, 1.07, 1.31, 1.04]
    np.testing.assert_allclose(scores_of("challenge", signals), scores, atol=TOLERANCE)
    rules = RuleSet.load("challenge")
    named = rules.decide(rules.evaluate(signals, names=list(SIGNALS)))
    np.testing.assert_array_equal(named, scores.argmax(axis=1))
