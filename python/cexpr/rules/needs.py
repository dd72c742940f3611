"""The signals that rules need, and those that are there."""

from __future__ import annotations

from collections.abc import Sequence

from cexpr.errors import RuleError
from cexpr.rules.files import shipped
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import ACTION_UNITS, SIGNALS


def require_signals(rules: RuleSet, names: Sequence[str], left_out: Sequence[str] = ()) -> None:
    """Refuse rules that read a signal which the models do not provide, or which is left out.

    Args:
        rules: The rules.
        names: Signals that are there.
        left_out: Derived signals that the run leaves out.

    Raises:
        RuleError: with a line for each place that reads a signal which no model provides; a shipped
            set, which nobody mends, and signals that are left out are refused in one line.
    """
    problems = rules.missing(list(names))
    if not problems:
        return
    others = [[one for one in SIGNALS if one != name] for name in SIGNALS]
    needed = [name for name, rest in zip(SIGNALS, others, strict=True) if rules.missing(rest)]
    absent = [name for name in needed if name not in names]
    if set(absent) <= set(left_out):
        raise RuleError(
            f"{rules.file}: these rules need {', '.join(absent)}, which this run leaves out, "
            "because derived is False; choose other rules or keep derived signals",
            problems,
            remedies=["derived"],
        )
    absent = [name for name in absent if name not in left_out]
    if rules.file in shipped():
        kind = "action units" if set(absent) <= set(ACTION_UNITS) else "signals"
        raise RuleError(
            f"{rules.file}: these rules need {kind} that the models do not provide "
            f"({', '.join(absent)}); choose other rules or add a model",
            problems,
        )
    places = "\n".join(map(str, problems))
    raise RuleError(
        f"{places}\nthese rules need signals that the models do not provide "
        f"({', '.join(names)}); choose other rules or add a model",
        problems,
    )
