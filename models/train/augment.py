"""Augmentation of whole batches: what real detectors, cameras and codecs do to a face."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .network import MEAN, STD


def _symmetric(count: int) -> Tensor:
    return torch.rand(count) * 2 - 1


def normalise(images: Tensor) -> Tensor:
    """uint8 (N, 48, 48) -> float32 (N, 1, 48, 48), as the shipped manifest says."""
    return ((images.float() / 255 - MEAN) / STD)[:, None]


def augment(images: Tensor, size: int, strength: float) -> Tensor:
    """Turn, scale, shift, shear, mirror; change light; blur, add noise and cover parts.

    What a shift brings in from outside is black, as in the pipeline's cut.

    Args:
        images: uint8, shape (N, H, W).
        size: Side of the output.
        strength: 1 is the full range, 0 none but mirroring.

    Returns:
        float32, shape (N, 1, size, size), normalised.
    """
    count = len(images)
    x = images.float()[:, None] / 255
    grid = functional.affine_grid(_matrices(count, strength), [count, 1, size, size], False)
    x = functional.grid_sample(x, grid, "bilinear", "zeros", False)
    x = _relight(x, strength)
    x = _degrade(x, size, strength)
    x = _cover(x, size, strength).clamp(0, 1)
    return (x - MEAN) / STD


def _matrices(count: int, strength: float) -> Tensor:
    angle = _symmetric(count) * 0.26 * strength
    scale = torch.exp(_symmetric(count) * 0.18 * strength)
    aspect = torch.exp(_symmetric(count) * 0.06 * strength)
    shear = _symmetric(count) * 0.1 * strength
    shift_x, shift_y = _symmetric(count) * 0.16 * strength, _symmetric(count) * 0.16 * strength
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    top = torch.stack([cos * scale * aspect * mirror, (shear - sin) * scale, shift_x], 1)
    bottom = torch.stack([sin * scale * mirror, cos * scale / aspect, shift_y], 1)
    return torch.stack([top, bottom], 1)


def _relight(x: Tensor, strength: float) -> Tensor:
    count = len(x)
    gamma = torch.exp(_symmetric(count) * 0.4 * strength).view(-1, 1, 1, 1)
    contrast = torch.exp(_symmetric(count) * 0.35 * strength).view(-1, 1, 1, 1)
    brightness = (_symmetric(count) * 0.15 * strength).view(-1, 1, 1, 1)
    return (x.clamp(1e-4, 1) ** gamma - 0.5) * contrast + 0.5 + brightness


def _degrade(x: Tensor, size: int, strength: float) -> Tensor:
    # One low resolution for a part of some batches: cheaper than one for each face.
    if torch.rand(()) < 0.25:
        low = int(size * (0.45 + 0.4 * torch.rand(()).item()))
        chosen = torch.rand(len(x)) < 0.5
        small = functional.interpolate(x[chosen], size=low, mode="bilinear", antialias=True)
        x[chosen] = functional.interpolate(small, size=size, mode="bilinear")
    level = 0.04 * strength * torch.rand(len(x), 1, 1, 1) * (torch.rand(len(x), 1, 1, 1) < 0.4)
    return x + torch.randn_like(x) * level


def _cover(x: Tensor, size: int, strength: float) -> Tensor:
    """Random erasing (Zhong et al., AAAI 2020): hands, hair, microphones."""
    count = len(x)
    height, width = ((torch.rand(2, count) * 0.3 + 0.08) * size)[..., None, None]
    center_y, center_x = (torch.rand(2, count) * size)[..., None, None]
    chosen = (torch.rand(count) < 0.3 * strength)[:, None, None]
    y = torch.arange(size)[None, :, None]
    inside = (y - center_y).abs() < height / 2
    inside = inside & ((y.transpose(1, 2) - center_x).abs() < width / 2) & chosen
    return torch.where(inside[:, None], torch.rand(count, 1, 1, 1), x)
