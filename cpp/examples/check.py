"""Builds the example hosts against an installed prefix and compares them with `cexpr run`.

    python cpp/examples/check.py PREFIX [--compiler g++] [--compiler clang++]

Each host is copied to an empty folder first, so that nothing but the prefix can help it; models and
rules of the hosts are the prefix's, too. A host must give every frame, with the same label on at
least 99 % of them and numbers within 0.001, and must say what is wrong with a wrong input. Needs
the Python package, and for the host `webcam` a prefix with the components yaml and opencv; a host
or a compiler that is not there is named and left out.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
ROOT = EXAMPLES.parents[1]
CLIP = ROOT / "clips" / "portrait.mp4"
MODEL = ROOT / "models" / "cexpr-s.yaml"
SAME_LABELS = 0.99
TOLERANCE = 1e-3
# Of hosts: what their readers would turn on, and vectors that check their indices.
HOST_FLAGS = "-Wall -Wextra -Wconversion -Werror"
INDEX_CHECKS = "-D_GLIBCXX_ASSERTIONS"
C_COMPILERS = {"g++": "gcc", "clang++": "clang"}

Rows = list[dict[str, str]]


def main() -> int:
    """Build, run and compare; the exit status is 0 when all that could be tried agrees."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prefix", type=Path)
    parser.add_argument("--compiler", action="append", default=[], choices=sorted(C_COMPILERS))
    arguments = parser.parse_args()
    prefix = arguments.prefix.resolve()
    with tempfile.TemporaryDirectory() as folder:
        check = Check(prefix, Path(folder))
        for compiler in arguments.compiler or ["g++", "clang++"]:
            if shutil.which(compiler) is None:
                print(f"skipped: {compiler} is not here")
            else:
                check.all_hosts(compiler)
    print("the hosts agree with cexpr run" if check.failures == 0 else "a host does not agree")
    return min(check.failures, 1)


class Check:
    """The runs of Python, made once, and the comparison of each host with them."""

    def __init__(self, prefix: Path, work: Path) -> None:
        self.prefix = prefix
        self.data = prefix / "share" / "cexpr"
        self.work = work
        self.failures = 0
        self.by_detector = self._run_python("by-detector", CLIP)
        self.crops = self._make_crops()
        whole = ("--detector", "full-frame", "--rules", str(ROOT / "rules" / "hsemotion-mean.yaml"))
        self.by_crop = self._run_python("by-crop", self.crops, *whole)
        self.by_frame = self._run_python("by-frame", CLIP, *whole)

    def all_hosts(self, compiler: str) -> None:
        """Build and run every host with one compiler."""
        faces = str(self.by_detector / f"{CLIP.stem}.faces.csv")
        frames = self.by_detector / f"{CLIP.stem}.frames.csv"
        self._compare_docs(compiler)
        if host := self._build("minimal", compiler):
            with Path(faces).open(encoding="utf-8") as stream:
                self._compare("minimal", compiler, self._run([host], stdin=stream), frames)
            text = Path(faces).read_text(encoding="utf-8")
            first = text.splitlines(keepends=True)[1]
            self._refuses("minimal", "one face a frame", [host], text.replace(first, first * 2))
            self._refuses("minimal", "expected a faces.csv", [host], frames.read_text("utf-8"))
        if host := self._build("batch_c", compiler, "shared"):
            self._compare("batch_c", compiler, self._run([host, faces]), frames)
            self._refuses("batch_c", "expected a faces.csv", [host, str(frames)])
        if host := self._build("webcam", compiler, "yaml", "opencv"):
            model = ["--model", str(self.data / "models" / "cexpr-s.yaml")]
            model += ["--rules", str(self.data / "rules" / "hsemotion-mean.yaml")]
            options = [*model, "--box", "full"]
            wrong = [host, str(CLIP), *model]
            self._refuses("webcam", "--box: expected full or X,Y,W,H", [*wrong, "--box", "abc"])
            self._refuses("webcam", "--box: expected full or X,Y,W,H", [*wrong, "--box", "1,2,3"])
            self._refuses("webcam", "2022mar.onnx", [*wrong, "--yunet", str(MODEL)])
            self._refuses("webcam", "cannot be read", [*wrong, "--yunet", "none.onnx"])
            self._refuses(
                "webcam", "--fps: expected a number", [*wrong, "--box", "full", "--fps", "x"]
            )
            crops = [host, str(self.crops / "%05d.png"), *options, "--fps", "30"]
            self._compare(
                "webcam, crops", compiler, self._run(crops), self.by_crop / "crops.frames.csv"
            )
            self._compare(
                "webcam, clip",
                compiler,
                self._run([host, str(CLIP), *options]),
                self.by_frame / f"{CLIP.stem}.frames.csv",
            )

    def _compare_docs(self, compiler: str) -> None:
        """Build the hosts of the documentation, and compare what they print."""
        text = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
        found = re.findall(r"```(\w+)\n(.*?)```", text, flags=re.DOTALL)
        blocks = dict(reversed(found))
        first, shipped = (code for language, code in found if language == "cpp" and "main" in code)
        # Among its frames must be one without a label, the case that a host forgets.
        assert ",," in blocks["text"]
        names = sorted(path.stem for path in (self.data / "rules").glob("*.yaml"))
        self._compare_host("host", compiler, blocks["cmake"], first, blocks["text"])
        listed = "".join(f"{name}: 7 compounds\n" for name in names)
        self._compare_host("shipped", compiler, blocks["cmake"], shipped, listed)

    def _compare_host(
        self, folder: str, compiler: str, cmake: str, code: str, expected: str
    ) -> None:
        """Build one host of the documentation, and compare what it prints."""
        source = self.work / folder
        source.mkdir(exist_ok=True)
        (source / "CMakeLists.txt").write_text(cmake.replace("host", folder), encoding="utf-8")
        (source / "main.cpp").write_text(code, encoding="utf-8")
        host = self._build(folder, compiler, folder=self.work)
        agrees = host is not None and self._run([host]) == expected
        self.failures += not agrees
        print(f"{'ok' if agrees else 'FAIL'}: docs/embedding.md, {folder}, {compiler}")

    def _run_python(self, name: str, clip: Path, *options: str) -> Path:
        out = self.work / name
        rules = () if "--rules" in options else ("--rules", str(EXAMPLES / "rules.yaml"))
        command = [sys.executable, "-m", "cexpr", "run", "--quiet", "-o", str(out)]
        self._run([*command, "--model", str(MODEL), *rules, *options, str(clip)])
        return out

    def _make_crops(self) -> Path:
        """Cut the face out of every frame, twice as wide as the model's input, without loss."""
        import cv2

        folder = self.work / "crops"
        folder.mkdir()
        faces = {int(row["frame"]): row for row in read(self.by_detector / "portrait.faces.csv")}
        capture = cv2.VideoCapture(str(CLIP))
        number = 0
        while (frame := capture.read()[1]) is not None:
            number += 1
            x, y, w, h = (round(float(faces[number][key])) for key in "xywh")
            crop = frame[max(y, 0) : y + h, max(x, 0) : x + w]
            cv2.imwrite(str(folder / f"{number:05d}.png"), cv2.resize(crop, (96, 96)))
        return folder

    def _build(
        self, name: str, compiler: str, *components: str, folder: Path = EXAMPLES
    ) -> str | None:
        config = next(self.prefix.glob("lib*/**/cmake/cexpr/cexprConfig.cmake")).parent
        for component in components:
            targets = "cexprTargets" if component == "shared" else f"cexpr-{component}Targets"
            file = config / f"{targets}.cmake"
            if not file.is_file() or f"cexpr::{component} " not in file.read_text("utf-8"):
                print(f"skipped: {name} with {compiler}: the prefix has no component {component}")
                return None
        source = self.work / f"{name}-{compiler}"
        shutil.copytree(folder / name, source)
        options = {
            "CMAKE_BUILD_TYPE": "Release",
            "CMAKE_PREFIX_PATH": self.prefix,
            "CMAKE_CXX_COMPILER": compiler,
            "CMAKE_C_COMPILER": C_COMPILERS[compiler],
            "CMAKE_C_FLAGS": HOST_FLAGS,
            "CMAKE_CXX_FLAGS": f"{HOST_FLAGS} {INDEX_CHECKS}",
        }
        defined = [f"-D{name}={value}" for name, value in options.items()]
        self._run(["cmake", "-S", str(source), "-B", str(source / "build"), *defined])
        self._run(["cmake", "--build", str(source / "build"), "--parallel", "2"])
        return str(source / "build" / name)

    def _run(self, command: Sequence[str], stdin: object = None) -> str:
        done = subprocess.run(
            command,
            stdin=stdin,  # type: ignore[arg-type]
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "OPENCV_LOG_LEVEL": "ERROR"},
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _refuses(self, host: str, reason: str, command: Sequence[str], text: str = "") -> None:
        """Run a host on a wrong input: it must end with status 1 and one line that says why."""
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        lines = done.stderr.splitlines()
        refuses = (
            done.returncode == 1
            and len(lines) == 1
            and lines[0].startswith(f"{host}: ")
            and reason in lines[0]
        )
        self.failures += not refuses
        if not refuses:
            print(f"FAIL: {' '.join(command)}: expected status 1 and '{reason}', got status")
            print(f"  {done.returncode} and {done.stderr!r}")

    def _compare(self, host: str, compiler: str, printed: str, frames: Path) -> None:
        got = list(csv.DictReader(printed.splitlines()))
        expected = read(frames)
        same = sum(
            one["compound"] == other["compound"] for one, other in zip(got, expected, strict=False)
        )
        columns = [name for name in got[0] if name in expected[0] and name != "compound"]
        worst = max(
            abs(float(one[name]) - float(other[name]))
            for one, other in zip(got, expected, strict=False)
            for name in columns
            if one[name] not in ("", "nan") and other[name] != ""
        )
        agrees = (
            len(got) == len(expected) > 0
            and [one["frame"] for one in got] == [other["frame"] for other in expected]
            and same >= SAME_LABELS * len(expected)
            and worst <= TOLERANCE
        )
        self.failures += not agrees
        print(
            f"{'ok' if agrees else 'FAIL'}: {host}, {compiler}: {len(got)} of {len(expected)} "
            f"frames, same label on {same}, {len(columns)} columns, largest difference {worst:.2g}"
        )


def read(path: Path) -> Rows:
    """Read a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    sys.exit(main())
