"""`python -m cexpr` is the same as the command `cexpr`; `--cmake-dir` is for builds of hosts."""

import sys

from cexpr.errors import CexprError

if sys.argv[1:] == ["--cmake-dir"]:
    from cexpr._support.cmake import cmake_dir

    try:
        sys.stdout.write(f"{cmake_dir()}\n")
    except CexprError as error:
        sys.stderr.write(f"cexpr: {error}\n")
        sys.exit(error.exit_code)
else:
    try:
        from cexpr.cli import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("cexpr: stopped\n")
        sys.exit(130)
