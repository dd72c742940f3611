"""Make `clips/portrait.mp4` from NASA's public-domain portrait of Eileen Collins.

The photograph comes with scikit-image (`skimage.data.astronaut`), a test dependency. The camera
pans and zooms slowly over it and the light changes, so that a detector, a tracker and the filters
have something to do. Run from the repository's root:

    python tools/make_sample_clip.py clips/portrait.mp4
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import skimage.data

WIDTH, HEIGHT = 320, 240
FPS = 25.0
FRAMES = 75
FACE_CENTER = np.array([224.0, 135.0])  # pixels in the 512 x 512 portrait


def camera(progress: float) -> np.ndarray:
    """The 2x3 matrix from portrait to frame pixels at `progress` (0..1) of the clip."""
    scale = 1.1 + 0.2 * np.sin(2 * np.pi * progress)
    angle = np.deg2rad(5.0 * np.sin(4 * np.pi * progress))
    pan = (20.0 * np.cos(2 * np.pi * progress), 8.0 * np.sin(4 * np.pi * progress))
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    offset = np.array([WIDTH / 2, HEIGHT / 2]) - rotation @ (FACE_CENTER + pan)
    return np.hstack([rotation, offset[:, None]])


def light(image: np.ndarray, progress: float) -> np.ndarray:
    """Brighter and darker by up to a fifth over the clip."""
    gain = 1.0 + 0.2 * np.sin(2 * np.pi * progress + 2.5)
    return np.clip(image * gain, 0, 255).astype(np.uint8)


def main(path: Path) -> None:
    """Write the clip to `path`."""
    portrait = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT))
    if not writer.isOpened():
        sys.exit(f"{path}: cannot be written; does the folder exist?")
    for index in range(FRAMES):
        progress = index / FRAMES
        frame = cv2.warpAffine(
            portrait,
            camera(progress),
            (WIDTH, HEIGHT),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        writer.write(light(frame, progress))
    writer.release()
    print(f"{path}: {FRAMES} frames, {path.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python tools/make_sample_clip.py FILE.mp4")
    main(Path(sys.argv[1]))
