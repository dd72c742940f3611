"""The command `cexpr`, also as `python -m cexpr`; `--cmake-dir` is for builds of hosts."""

from __future__ import annotations

import signal
import sys

from cexpr.errors import CexprError


def main() -> None:
    """Run the command line and exit."""
    try:
        if sys.argv[1:] == ["--cmake-dir"]:
            _print_cmake_dir()
        else:
            # Late, so that Ctrl-C is caught while its libraries load.
            from cexpr.cli import main as run

            run()
    except KeyboardInterrupt:
        # As the commands say it, and as a shell reports it; a terminal shows `^C` in the line.
        sys.stderr.write("\n" * sys.stderr.isatty() + "cexpr: stopped\n")
        sys.exit(130)
    finally:
        # All is done; an interrupt while Python ends would replace the exit status.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _print_cmake_dir() -> None:
    from cexpr._support.cmake import cmake_dir

    try:
        sys.stdout.write(f"{cmake_dir()}\n")
    except CexprError as error:
        sys.stderr.write(f"cexpr: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
