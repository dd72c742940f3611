"""`cexpr eval`: measures on labelled data."""

from __future__ import annotations

from cexpr.cli._help import App
from cexpr.cli.evaluate_abaw import ce, mtl, shares
from cexpr.cli.evaluate_crowd import crowd

app = App(help="Evaluate rule sets and models on labelled data.")
app.command()(ce)
app.command()(shares)
app.command()(mtl)
app.command()(crowd)
