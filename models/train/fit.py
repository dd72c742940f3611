"""Train `cexpr-s` on vote shares, calibrate it and write the ONNX file.

    python -m models.train.fit --data DIR --out models/cexpr-s.onnx

DIR holds `ferplus_train.npz` and `ferplus_valid.npz` (or the folders `FER2013Train` and
`FER2013Valid` of the FER+ layout). A checkpoint is kept after each epoch in `--work`.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from . import calibrate, data, measures, record
from .augment import augment, normalise
from .export import export
from .network import Network

BATCH = 128
PEAK_RATE = 0.15
WARM_UP = 0.05  # share of the run
SMALL_SIZE, SMALL_UNTIL = 40, 0.6  # cheaper faces for the first part of the run
CALM_FROM = 0.85  # share of the run from which mixup stops and augmentation is milder
MIXUP = 0.3


class Average:
    """Exponential moving average of a network's weights and statistics."""

    def __init__(self, network: nn.Module) -> None:
        self.network = copy.deepcopy(network).eval()
        self.steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the weights after one more step; the memory grows to about 1000 steps."""
        self.steps += 1
        share = 1 - min(0.999, (1 + self.steps) / (10 + self.steps))
        for mine, other in zip(
            self.network.state_dict().values(), network.state_dict().values(), strict=True
        ):
            if mine.dtype.is_floating_point:
                mine.lerp_(other, share)
            else:
                mine.copy_(other)


def learning_rate(progress: float) -> float:
    """Warm-up and cosine; `progress` is the share of the run that is done."""
    return PEAK_RATE * min(1.0, progress / WARM_UP + 0.02) * (1 + math.cos(math.pi * progress)) / 2


def predict(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """Logits (N, 8) of faces (N, 48, 48)."""
    with torch.no_grad():
        parts = [network(normalise(part))[0] for part in torch.from_numpy(images).split(256)]
    return torch.cat(parts).numpy()


def mixed(x: Tensor, shares: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mixup of half of the batches (Zhang et al., ICLR 2018)."""
    if rng.random() < 0.5:
        keep = float(rng.beta(MIXUP, MIXUP))
        other = torch.randperm(len(x))
        x = keep * x + (1 - keep) * x[other]
        shares = keep * shares + (1 - keep) * shares[other]
    return x.contiguous(memory_format=torch.channels_last), shares


def fit(train: data.Faces, valid: data.Faces, epochs: int, seed: int, work: Path) -> Network:
    """Train for `epochs` and return the averaged network."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    images, shares = torch.from_numpy(train.images), torch.from_numpy(train.shares)
    network = Network().to(memory_format=torch.channels_last)
    average = Average(network)
    step_of = torch.compile(network)
    decayed = [one for one in network.parameters() if one.ndim > 1]
    others = [one for one in network.parameters() if one.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}],
        lr=PEAK_RATE,
        momentum=0.9,
        nesterov=True,
    )
    steps = len(images) // BATCH
    for epoch in range(epochs):
        order = torch.randperm(len(images))
        losses = []
        for step in range(steps):
            progress = (epoch + step / steps) / epochs
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(progress)
            chosen = order[step * BATCH : (step + 1) * BATCH]
            calm = progress >= CALM_FROM
            size = SMALL_SIZE if epoch / epochs < SMALL_UNTIL else data.SIZE
            x, target = augment(images[chosen], size, 0.7 if calm else 1.0), shares[chosen]
            x, target = (x, target) if calm else mixed(x, target, rng)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits, _ = step_of(x)
            loss = -(torch.log_softmax(logits.float(), 1) * target).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            average.update(network)
            losses.append(loss.item())
        probabilities = np.exp(calibrate.log_softmax(predict(average.network, valid.images)))
        right = measures.accuracy(
            probabilities[valid.has_majority], valid.labels[valid.has_majority]
        )
        print(
            f"{time.strftime('%H:%M:%S')} epoch {epoch + 1}/{epochs} "
            f"loss {np.mean(losses):.4f} validation accuracy {right:.4f}",
            flush=True,
        )
        torch.save(average.network.state_dict(), work / "checkpoint.pt")
    return average.network


def main() -> None:
    """Parse the command line, train, calibrate, export."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m models.train.fit")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    train, valid = data.split(options.data, "train"), data.split(options.data, "valid")
    network = fit(train, valid, options.epochs, options.seed, options.work)
    calibration = calibrate.fit(predict(network, valid.images), valid.shares, vector=True)
    export(network, calibration, options.out)
    how = {"epochs": options.epochs, "seed": options.seed}
    print(f"{options.out}: {record.write(options.out, options.data, calibration, how)}")


if __name__ == "__main__":
    main()
