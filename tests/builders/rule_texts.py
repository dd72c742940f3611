"""Texts of small rule files."""

from __future__ import annotations

GOOD = """\
cexpr: 1
name: good
compounds:
  Fearfully_Surprised: mean(fear, surprise)
  Happily_Surprised: mean(happiness, surprise)
tests:
  - given: {fear: 0.5, surprise: 0.4}
    expect: Fearfully_Surprised
"""
