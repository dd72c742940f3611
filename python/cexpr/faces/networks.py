"""The networks of the cascade: ONNX Runtime sessions over the files in the wheel."""

from __future__ import annotations

import time
from typing import Any

from numpy.typing import NDArray

from cexpr._support.resources import data_path
from cexpr._support.types import Floats
from cexpr.errors import ModelError
from cexpr.models.session import make_session


class Network:
    """One network with one input.

    Attributes:
        path: The model file.
        seconds: Time spent in `run` so far.
    """

    def __init__(self, file: str, outputs: tuple[str, ...], threads: int) -> None:
        """Load a model file of the wheel.

        Args:
            file: Name below `models/` in the installed package.
            outputs: The outputs that `run` returns, in this order.
            threads: Threads of the runtime, >= 1.

        Raises:
            ModelError: the file is missing or ONNX Runtime cannot load it.
        """
        path = data_path("models", file)
        if path is None:
            raise ModelError(
                f"{file}: the detector's weights are not in the installed package; "
                "reinstall cexpr with 'pip install --force-reinstall'"
            )
        self.path = path
        self._session = make_session(path, threads=threads)
        self._input = self._session.get_inputs()[0].name
        self._outputs = list(outputs)
        self.seconds = 0.0

    def run(self, values: NDArray[Any]) -> list[Floats]:
        """Compute the outputs for one input array."""
        start = time.perf_counter()
        outputs: list[Floats] = self._session.run(self._outputs, {self._input: values})
        self.seconds += time.perf_counter() - start
        return outputs
