"""`python -m cexpr` is the same as the command `cexpr`."""

from cexpr.cli import main

main()
