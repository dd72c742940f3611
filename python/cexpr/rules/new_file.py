"""New rule files: a commented start, or a copy of another rule set under a name of its own."""

from __future__ import annotations

import json
import re
from os import PathLike
from pathlib import Path
from typing import Final

from cexpr._support.text import reason_of
from cexpr.errors import FileError, UsageError
from cexpr.rules.files import read
from cexpr.rules.rule_set import RuleSet

_NAME_LINE: Final = re.compile(r"^name:.*$", re.MULTILINE)
# What YAML reads as itself without quotes, and as nothing but text.
_PLAIN: Final = re.compile(r"(?!(?:true|false|null)$)[A-Za-z_][A-Za-z0-9_-]*", re.IGNORECASE)
_SUFFIXES: Final = (".yaml", ".yml")

_START: Final = """\
# A rule file for cexpr: signals of a face become compounds. Check it with 'cexpr rules check FILE',
# run its tests with 'cexpr rules test FILE', use it with 'cexpr run --rules FILE CLIP'.
#
# Signals: anger contempt disgust fear happiness neutral sadness surprise (0 to 1),
# valence arousal (-1 to 1), AU01 AU02 AU04 AU06 AU07 AU10 AU12 AU15 AU23 AU24 AU25 AU26 (0 to 1).
cexpr: 1
name: new
about: two compounds with surprise

# Values that several rules share; they may read each other.
let:
  # Neutral is not stronger than everything else together.
  is_expressive: neutral < 0.5

compounds:
  # gmean, the geometric mean, asks for both: where one of the two is 0, so is the score.
  Fearfully_Surprised:
    score: gmean(fear, surprise)
    when: is_expressive
  Happily_Surprised:
    score: gmean(happiness, surprise)
    when: is_expressive

decide:
  # No label where the best score is lower than this.
  abstain_below: 0.2
  # Another compound takes over only when it leads by more than this.
  hysteresis: 0.05
  # Shorter stretches of a label are dropped: seconds (0.2s) or frames (5).
  min_duration: 0.2s

tests:
  # One frame: signals that are not given are 0, and none means no label.
  - given: {fear: 0.5, surprise: 0.4}
    expect: Fearfully_Surprised
  - name: a smile alone is not a surprise
    given: {happiness: 0.95, neutral: 0.05}
    expect: none
  # Frames over time: a flicker of two frames (0.08 s) does not change the label.
  - name: a flicker
    fps: 25
    frames:
      - {fear: 0.5, surprise: 0.4, repeat: 20}
      - {happiness: 0.6, fear: 0.2, surprise: 0.4, repeat: 2}
      - {fear: 0.5, surprise: 0.4, repeat: 20}
    expect: [Fearfully_Surprised, Fearfully_Surprised, Fearfully_Surprised]
"""


def write_new(path: str | PathLike[str], source: str | PathLike[str] | None = None) -> RuleSet:
    """Write a new rule file that works at once; its `name` is the file's.

    Args:
        path: The file to write, which must not exist yet; it ends in .yaml or .yml.
        source: A rule file or the name of a shipped rule set to start from, comments included.
            Default: a small commented set.

    Returns:
        The rule set in the new file.

    Raises:
        UsageError: the file exists already, has another ending or would lie in a folder that is not
            there, or the source has no line `name: ...`.
        RuleError: the source cannot be read or has mistakes.
        FileError: the file cannot be written.
    """
    file = Path(path)
    if file.suffix not in _SUFFIXES:
        raise UsageError(f"{path}: expected a name that ends in .yaml, such as {file.name}.yaml")
    if not file.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {file.parent}; make it first")
    text = _START if source is None else read(source)
    if source is not None:
        # Whatever is wrong with it is told with the places of the source.
        RuleSet.load(source)
    name = file.stem if _PLAIN.fullmatch(file.stem) else json.dumps(file.stem, ensure_ascii=False)
    text, count = _NAME_LINE.subn(lambda _: f"name: {name}", text, count=1)
    if not count:
        raise UsageError(f"{source}: expected a line 'name: ...' to write the new name into")
    rules = RuleSet.from_string(text, str(path))
    try:
        with file.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path}: the file exists already; choose another name") from error
    except OSError as error:
        raise FileError(f"{path}: the file cannot be written: {reason_of(error)}") from error
    return rules
