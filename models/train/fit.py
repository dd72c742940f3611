"""Train `cexpr-s` on vote shares, calibrate it and write the ONNX file.

    python -m models.train.fit --data DIR --out models/cexpr-s.onnx

DIR holds `ferplus_train.npz` and `ferplus_valid.npz` (or the folders `FER2013Train` and
`FER2013Valid` of the FER+ layout). The state is kept in `--work` after each epoch; the same
command goes on from there when it was stopped.
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
# Progressive self-distillation (Kim et al., ICCV 2021): how much of a face's target comes from the
# averaged network itself, from when on, and how often it is asked again.
OWN_SHARE, OWN_FROM, OWN_EVERY = 0.4, 0.4, 6


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


def own_view(network: nn.Module, images: np.ndarray) -> Tensor:
    """Probabilities (N, 8) of faces (N, 48, 48), mean over the face and its mirror image."""
    logits = (predict(network, images), predict(network, np.ascontiguousarray(images[:, :, ::-1])))
    return torch.stack([torch.from_numpy(one).softmax(1) for one in logits]).mean(0)


class Run:
    """A training run that can be stopped after any epoch and taken up again.

    Args:
        train: The faces to learn from.
        epochs: Length of the run.
        seed: Seed of weights, order and augmentation.
    """

    def __init__(self, train: data.Faces, epochs: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.faces = train
        self.images = torch.from_numpy(train.images)
        self.shares = torch.from_numpy(train.shares)
        self.targets = self.shares
        self.epochs, self.done = epochs, 0
        self.network = Network().to(memory_format=torch.channels_last)
        self.average = Average(self.network)
        self.compiled = torch.compile(self.network, dynamic=False)
        decayed = [one for one in self.network.parameters() if one.ndim > 1]
        others = [one for one in self.network.parameters() if one.ndim <= 1]
        self.optimizer = torch.optim.SGD(
            [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}],
            lr=PEAK_RATE,
            momentum=0.9,
            nesterov=True,
        )

    def epoch(self) -> float:
        """Go through the faces once; the mean loss."""
        progress = self.done / self.epochs
        if progress >= OWN_FROM and self.done % OWN_EVERY == 0:
            own = OWN_SHARE * progress
            view = own_view(self.average.network, self.faces.images)
            self.targets = (1 - own) * self.shares + own * view
        order = torch.randperm(len(self.images))
        steps = len(order) // BATCH
        losses = []
        for step in range(steps):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            losses.append(self._step(chosen, (self.done + step / steps) / self.epochs))
        self.done += 1
        return float(np.mean(losses))

    def _step(self, chosen: Tensor, progress: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress)
        calm = progress >= CALM_FROM
        size = SMALL_SIZE if self.done / self.epochs < SMALL_UNTIL else data.SIZE
        x, target = augment(self.images[chosen], size, 0.7 if calm else 1.0), self.targets[chosen]
        x, target = (x, target) if calm else mixed(x, target, self.rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, _ = self.compiled(x)
        loss = -(torch.log_softmax(logits.float(), 1) * target).sum(1).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.average.update(self.network)
        return loss.item()

    def save(self, path: Path) -> None:
        """Keep everything that the next epoch depends on."""
        state = {
            "done": self.done,
            "epochs": self.epochs,
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "steps": self.average.steps,
            "optimizer": self.optimizer.state_dict(),
            "targets": self.targets,
            "torch_rng": torch.get_rng_state(),
            "numpy_rng": self.rng.bit_generator.state,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def restore(self, path: Path) -> None:
        """Take up what `save` kept.

        Raises:
            ValueError: The file belongs to a run of another length.
        """
        state = torch.load(path, weights_only=True)
        if state["epochs"] != self.epochs:
            raise ValueError(f"{path} is of a run of {state['epochs']} epochs: remove it first")
        self.done, self.targets = state["done"], state["targets"]
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.average.steps = state["steps"]
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["torch_rng"])
        self.rng.bit_generator.state = state["numpy_rng"]


def fit(train: data.Faces, valid: data.Faces, epochs: int, seed: int, work: Path) -> Network:
    """Train for `epochs`, from the state in `work` where there is one; the averaged network."""
    run, kept = Run(train, epochs, seed), work / "state.pt"
    if kept.is_file():
        run.restore(kept)
    strict = valid.has_majority
    while run.done < epochs:
        loss = run.epoch()
        logits = predict(run.average.network, valid.images)
        probabilities = np.exp(calibrate.log_softmax(logits))
        right = measures.accuracy(probabilities[strict], valid.labels[strict])
        far = measures.divergence(valid.shares, probabilities)
        print(
            f"{time.strftime('%H:%M:%S')} epoch {run.done}/{epochs} loss {loss:.4f} "
            f"validation accuracy {right:.4f} divergence {far:.4f}",
            flush=True,
        )
        run.save(kept)
    return run.average.network


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
    print(f"{options.out}: {record.write(options.out, options.data, calibration, how).path}")


if __name__ == "__main__":
    main()
