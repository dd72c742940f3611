"""`cexpr eval`: measures on labelled data."""

from __future__ import annotations

import typer

from cexpr.cli.evaluate_abaw import ce, mtl, shares
from cexpr.cli.evaluate_crowd import crowd

app = typer.Typer(help="Measure rule sets and models on labelled data.", no_args_is_help=True)
app.command()(ce)
app.command()(shares)
app.command()(mtl)
app.command()(crowd)
