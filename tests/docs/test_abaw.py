"""The way of docs/abaw.md, command after command as it stands there, on the made-up data set."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from builders.file_server import FileServer, serve
from builders.tiny_networks import write_manifest, write_network
from cexpr.cli import app
from cexpr.models import zoo
from cexpr.options import RunOptions, read_config

ROOT = Path(__file__).parents[2]
DOCUMENT, SCRIPT = ROOT / "docs" / "abaw.md", ROOT / "tools" / "make_abaw_sample.py"
SIDE, CELLS, FEATURES = 32, 8, 48
# Logits of the size of a real model's, so that every expression has some probability.
GAIN = 0.02
CHANCE = 1 / 8

pytestmark = pytest.mark.skipif(
    not (DOCUMENT.exists() and SCRIPT.exists()),
    reason="documents and tools are not beside the tests",
)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small networks with the interface of the real models, under their names, to be pulled."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path / "home"))
    source = write_network(
        tmp_path / "net.onnx", size=SIDE, cells=CELLS, features=FEATURES, gain=GAIN
    )
    with serve(FileServer(source.read_bytes())) as server:
        for name in ("enet_b0_8_va_mtl", "mbf_va_mtl"):
            spec = zoo.find(name).input.model_copy(update={"size": SIDE})
            layout = spec.model_dump(mode="json", exclude_none=True)
            write_manifest(folder / f"{name}.yaml", url=server.url, input=layout)
        yield


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


def run(words: list[str]) -> str:
    if words[0] == "python":
        assert words[1] == "tools/make_abaw_sample.py"
        runpy.run_path(str(SCRIPT))["make"](Path(words[2]))
        return ""
    assert words[0] == "cexpr"
    result = CliRunner().invoke(app, words[1:], env={"COLUMNS": "200"})
    assert result.exit_code == 0, f"{words}: {result.output} {result.exception}"
    return result.stdout


@pytest.mark.usefixtures("models")
def test_every_command_of_the_document_runs_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told: dict[str, str] = {}
    for words in commands():
        told[" ".join(words)] = run(words)

    def said(start: str) -> str:
        return next(text for words, text in told.items() if words.startswith(start))

    assert "(first use: recorded" in said("cexpr models pull enet")
    assert "divergence" in said("cexpr eval shares")
    submitted = said("cexpr submit ce ce-run")
    assert "22: 1 row filled" in submitted
    assert "1 frame of the run not in the template" in submitted
    assert "v11: 1 row filled" in said("cexpr submit mtl")
    for kind in ("ce", "mtl"):
        assert "no problem" in said(f"cexpr check-submission {kind}")
    assert Path("tuned.svg").read_text(encoding="utf-8").startswith("<svg")
    options = yaml.safe_load(Path("tuned.yaml").read_text(encoding="utf-8"))
    assert options["models"] == ["effnet.onnx", "mbf.onnx"]
    assert options["detector"] == "full-frame"
    assert "expression: macro F1 0." in said("cexpr heads fit effnet.parquet")

    report = json.loads(run(["cexpr", "eval", "mtl", "data/validation.txt", "MTL.txt", "--json"]))
    assert report["score"]["expression"] > 3 * CHANCE
    # Chance is 0; the ten raw outputs of a random network tell something of the expression.
    assert report["score"]["valence"] > 0.2
    low, high = report["total"]
    assert low < report["p_mtl"] < high
    held = ["cexpr", "eval", "ce", "data/cexpr_labels", "ce-run", "--hold", "--json"]
    assert json.loads(run(held))["rows"] > 0


def test_the_options_of_the_paper_are_options(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "paper.yaml").write_text(text, encoding="utf-8")
    options = RunOptions.checked(read_config(tmp_path / "paper.yaml"))
    assert options.smooth["expression"].sigma == pytest.approx((100000 / 2) ** 0.5, abs=1e-3)
    assert options.blend["valence_arousal"] == (0.8, 0.2)
