"""Which threads of a process do any work, told by the system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

needs_thread_times = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir() or not Path("/proc/self/schedstat").is_file(),
    reason="this system does not tell the processor time of a thread",
)

_FRAME = """
import json, sys
from contextlib import suppress
from pathlib import Path

def seconds():
    found = {{}}
    for task in Path("/proc/self/task").iterdir():
        # A thread may end before its file is read.
        with suppress(OSError):
            found[task.name] = int((task / "schedstat").read_text().split()[0])
    return found

used = {{}}
def note(*_):
    # A thread that has ended is no longer listed, so this is called while the work goes on.
    used.update(seconds())

{prepare}
before = seconds()
{work}
note()
print(json.dumps([spent - before.get(task, 0) for task, spent in used.items()]))
"""


def working_threads(prepare: str, work: str, *arguments: object) -> int:
    """Count the threads of a new process that do a part of its work.

    Args:
        prepare: Code that runs before anything is counted.
        work: Code that is counted; it calls `note()` while its threads are alive.
        arguments: What the code finds in `sys.argv[1:]`.
    """
    script = _FRAME.format(prepare=prepare, work=work)
    command = [sys.executable, "-c", script, *map(str, arguments)]
    # A thread of OpenBLAS, which numpy and OpenCV carry, spins for a while after it was started.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    spent = json.loads(done.stdout)
    # Libraries keep threads that sleep; one that wakes up now and then does no work.
    return sum(one > 0.02 * sum(spent) for one in spent)
