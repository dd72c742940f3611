"""The command `cexpr`, outside its package, so that Ctrl-C is caught while that loads, too."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line and exit."""
    try:
        from cexpr.cli import main as run

        run()
    except KeyboardInterrupt:
        # As the commands say it, and as a shell reports it.
        sys.stderr.write("cexpr: stopped\n")
        sys.exit(130)
    finally:
        # All is done; an interrupt while Python ends would replace the exit status.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
