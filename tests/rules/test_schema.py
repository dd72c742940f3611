"""The JSON Schema of rule files against what the compiler takes and refuses."""

from __future__ import annotations

import jsonschema
import yaml

from builders.rule_texts import GOOD
from cexpr.rules.files import shipped
from cexpr.rules.rule_set import RuleSet
from cexpr.rules.schema import rule_schema


def test_schema_takes_every_form_that_the_compiler_takes() -> None:
    text = """
cexpr: 1
name: every form
let: {a: fear, _b2: true, c: 0.5}
smooth: {kernel: gaussian, sigma: 0.2s}
compounds:
  A: 1
  Überrascht-1: {weights: {a: 0.6, surprise: "0.4"}, when: _b2, otherwise: 0}
  C: {score: 'weighted(a = 1, c = 2)'}
faces: largest
gaps: none
decide: {priors: {A: 1, Überrascht-1: 2, C: 1}, min_duration: 3, abstain_below: 0.1, exit_below: 0}
events: {merge_gap: 0.2s, min_duration: 4}
tests:
  - {name: x, given: {fear: .nan}, absent: [AU12], expect: null}
  - frames: [{fear: 0.1}, {}, {no_face: true, repeat: 3}, {surprise: 0.5, repeat: 2}]
    fps: 12.5
    expect: [none, null, any, Überrascht-1]
"""
    assert RuleSet.from_string(text).compounds == ["A", "Überrascht-1", "C"]
    validator = jsonschema.Draft202012Validator(rule_schema())
    for gaps in ("{}", "{how: hold}", "{at_most: 12}", "{how: hold, at_most: unlimited}"):
        other = text.replace("gaps: none", f"gaps: {gaps}")
        assert RuleSet.from_string(other).gaps in ("interpolate", "hold")
        validator.validate(yaml.safe_load(other))
    for how in ("largest", "each", "max", "mean", "first"):
        other = text.replace("faces: largest", f"faces: {how}")
        assert RuleSet.from_string(other).faces == how
        validator.validate(yaml.safe_load(other))


def test_schema_takes_every_shipped_set_and_refuses_slips() -> None:
    schema = rule_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for name in shipped():
        assert list(validator.iter_errors(yaml.safe_load(RuleSet.load(name).text))) == []
    good = yaml.safe_load(GOOD)
    for slip in (
        {"smoth": {}},
        {"cexpr": 2},
        {"faces": "all"},
        {"gaps": {"at_most": "for ever"}},
        {"gaps": {"upto": "1s"}},
        {"compounds": {"A": {"when": "true"}}},
        {"compounds": {"A": {"score": "fear", "weights": {"fear": 1}}}},
        {"compounds": {"A": {"score": "fear", "otherwise": "0"}}},
        {"compounds": {"A": {"weights": {}}}},
        {"compounds": {"-A": "fear"}},
        {"compounds": {"A B": "fear"}},
        {"let": {"a-b": "fear"}},
        {"smooth": {"expression": {"kernel": "boxy", "radius": 3}}},
        {"tests": [{"given": {"feer": 1}, "expect": "A"}]},
        {"tests": [{"expect": "A"}]},
        {"tests": [{"given": {}, "frames": [{}], "expect": ["A"]}]},
        {"tests": [{"frames": [{"feer": 1}], "expect": ["A"]}]},
        {"tests": [{"frames": [{"repeat": 0}], "expect": ["A"]}]},
        {"tests": [{"frames": [], "expect": []}]},
        {"tests": [{"given": {}, "fps": 25, "expect": "A"}]},
        {"decide": {"min_frames": "soon"}},
    ):
        assert list(validator.iter_errors({**good, **slip}))
