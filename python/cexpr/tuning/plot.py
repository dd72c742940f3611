"""The scores over a grid of smoothings as an SVG picture: radius across, kernel and sigma down."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final

from cexpr.smoothing import Smoothing
from cexpr.tuning.search import Found

_CELL_WIDTH: Final = 62
_CELL_HEIGHT: Final = 24
_LABEL_WIDTH: Final = 130
_TITLE_HEIGHT: Final = 44
# From the lowest score to the highest.
_LOW: Final = (247, 251, 255)
_HIGH: Final = (8, 81, 156)


def svg(found: Sequence[Found]) -> str:
    """Draw one heat map for each head, below each other; the best cell has a frame."""
    top, parts, width = 0, [], 0
    for one in found:
        part, part_width, height = _heat_map(one, top)
        parts.append(part)
        width = max(width, part_width)
        top += height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" '
        f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" '
        f'fill="white"/>\n{"".join(parts)}</svg>\n'
    )


def _heat_map(found: Found, top: int) -> tuple[str, int, int]:
    radii = sorted({float(one.radius) for one in found.grid if one.kernel != "none"})
    rows: dict[str, dict[float, float]] = {}
    for smoothing, score in found.grid.items():
        if smoothing.kernel != "none":
            rows.setdefault(_row_name(smoothing), {})[float(smoothing.radius)] = score
    scores = [score for row in rows.values() for score in row.values()]
    low, high = min(scores), max(scores)
    title = (
        f"{found.head}: best {found.tuned:.4f} with {found.smoothing}, "
        f"cross-validated {found.honest:.4f}, before {found.before:.4f}"
    )
    parts = [_text(8, top + 18, title)]
    parts += [
        _text(_LABEL_WIDTH + column * _CELL_WIDTH + 6, top + 36, f"radius {radius:g}")
        for column, radius in enumerate(radii)
    ]
    for row, (name, cells) in enumerate(rows.items()):
        y = top + _TITLE_HEIGHT + row * _CELL_HEIGHT
        parts.append(_text(8, y + 16, name))
        parts += [
            _cell(_LABEL_WIDTH + radii.index(radius) * _CELL_WIDTH, y, score, low, high)
            for radius, score in cells.items()
        ]
    if found.smoothing.kernel != "none":
        x = _LABEL_WIDTH + radii.index(float(found.smoothing.radius)) * _CELL_WIDTH
        y = top + _TITLE_HEIGHT + list(rows).index(_row_name(found.smoothing)) * _CELL_HEIGHT
        parts.append(
            f'<rect x="{x}" y="{y}" width="{_CELL_WIDTH}" height="{_CELL_HEIGHT}" fill="none" '
            'stroke="#d94801" stroke-width="2"/>\n'
        )
    width = max(_LABEL_WIDTH + len(radii) * _CELL_WIDTH, 7 * len(title)) + 8
    return "".join(parts), width, _TITLE_HEIGHT + len(rows) * _CELL_HEIGHT + 16


def _row_name(smoothing: Smoothing) -> str:
    return "box" if smoothing.sigma is None else f"gaussian {float(smoothing.sigma):.3g}"


def _cell(x: int, y: int, score: float, low: float, high: float) -> str:
    share = (score - low) / (high - low) if high > low else 0.0
    color = ",".join(str(round(a + share * (b - a))) for a, b in zip(_LOW, _HIGH, strict=True))
    ink = "white" if share > 0.5 else "black"
    return (
        f'<rect x="{x}" y="{y}" width="{_CELL_WIDTH}" height="{_CELL_HEIGHT}" '
        f'fill="rgb({color})"/>\n' + _text(x + 8, y + 16, f"{score:.4f}", ink)
    )


def _text(x: int, y: int, text: str, ink: str = "black") -> str:
    return f'<text x="{x}" y="{y}" fill="{ink}">{html.escape(text)}</text>\n'
