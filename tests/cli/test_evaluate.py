"""`cexpr eval`: the group and its commands."""

from __future__ import annotations

from builders.run_files import Command


def test_the_group_has_a_command_for_each_measure(cexpr_command: Command) -> None:
    shown = cexpr_command("eval", "-h").out
    assert shown.startswith("usage: cexpr eval COMMAND\n")
    names = [
        line.split()[0]
        for line in shown.splitlines()
        if line.startswith("  ") and line[2:3].isalpha()
    ]
    assert names == ["ce", "shares", "mtl", "crowd"]
