"""A test over time of a rule file gives what phase 2 gives for the same clip."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from cexpr.rules.rule_set import RuleSet
from cexpr.signals import SIGNALS
from cexpr.tables.result import FaceRows
from cexpr.timeline.decide import decide_clip

COMPOUNDS = """
  Fearfully_Surprised: gmean(fear, surprise)
  Happily_Surprised: mean(happiness, max_over(surprise, 0.3s)) * sigmoid(4 * valence)
  Smile: min_over(AU12, 3)
"""
SETTINGS = [
    "faces: max",
    "smooth: {expression: {kernel: box, radius: 2}, action_units: {kernel: box, radius: 0.2s}}",
    "smooth: {all: {kernel: gaussian, sigma: 0.1s}, valence_arousal: none}",
    "smooth: {compounds: {kernel: gaussian, sigma: 2, radius: 5}}",
    "smooth: {compounds: {kernel: box, radius: 0.25s, filled: count}}\ngaps: hold",
    "smooth: {kernel: box, radius: 2, window: rows}\ngaps: none",
    "decide: {abstain_below: 0.3, exit_below: 0.2, hysteresis: 0.1, min_duration: 0.3s}",
    "decide: {priors: {Fearfully_Surprised: 2, Happily_Surprised: 1, Smile: 1}, min_frames: 4}",
]
RATE = 12.5


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("seed", range(3))
def test_labels_and_scores_are_those_of_the_clip(settings: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    steps = []
    for _ in range(25):
        repeat = int(random.integers(1, 5))
        if random.random() < 0.2:
            steps.append({"no_face": True, "repeat": repeat})
        else:
            given = {name: float(np.float32(random.random())) for name in SIGNALS}
            steps.append({**given, "repeat": repeat})
    text = f"cexpr: 1\nname: a\ncompounds:{COMPOUNDS}{settings}\n" + yaml.safe_dump(
        {"tests": [{"frames": steps, "fps": RATE, "expect": ["any"] * len(steps)}]},
        default_flow_style=None,
        width=10_000,
    )
    rules = RuleSet.from_string(text)
    (result,) = rules.run_tests()
    assert result["passed"]

    frames = [step for step in steps for _ in range(step["repeat"])]
    frame = np.arange(1, len(frames) + 1, dtype=np.int64)
    time = (frame - 1) / RATE
    seen = np.array(["no_face" not in one for one in frames])
    rows = FaceRows(
        frame=frame[seen],
        time=time[seen],
        track=np.zeros(int(seen.sum()), np.int64),
        boxes_xywh=np.ones((int(seen.sum()), 4), np.float32),
        detection=np.ones(int(seen.sum()), np.float32),
        names=SIGNALS,
        signals=np.array(
            [[one[name] for name in SIGNALS] for one in frames if "no_face" not in one], np.float32
        ),
    )
    found = decide_clip(rows, frame, time, rules)
    names = [rules.compounds[label] if label >= 0 else None for label in found.labels]
    assert result["labels"] == names
    assert any(names)
    np.testing.assert_allclose(result["scores"], found.scores[result["frame"] - 1], atol=1e-6)
