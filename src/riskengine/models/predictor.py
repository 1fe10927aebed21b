"""What a model puts out for vectors of features: ONNX Runtime on one thread, the same for a vector in any batch.

ONNX Runtime does not promise that: a linear model gives other last bits for one row than for many. So it only ever
sees TILE rows at a time; the last tile is filled up. Linear models, networks, softmax and trees that were tried give
the same bits wherever in a tile a row stands; one that differs all the same would have to survive the score's rounding.
"""

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

from riskengine.domain.errors import ConfigurationError

TILE = 16
"""Rows that are run at once: a multiple of what processors reckon with at once (16 floats with AVX-512)."""

_QUIET = 4
"""Only what is fatal is logged by the library itself: what it raises is said by us."""


_CODES = re.compile(r"^(\[ONNXRuntimeError\] : \d+ : \w+ : )?(/\S+:\d+ .*\) )?")


class Predictor(Protocol):
    """From vectors of the catalogue to the model's outputs."""

    def predict(self, vectors: Sequence[Sequence[float]]) -> list[float]:
        """One output for each vector; NaN if it has none. May raise whatever the runtime raises."""
        ...

    def stop(self) -> None:
        """Ends the run that is under way as soon as can be: nobody waits for it any more."""
        ...


class Port(Protocol):
    """An input or output of a model, as ONNX Runtime describes it: sizes that are open have a name, or None."""

    name: str
    type: str
    shape: Sequence[int | str | None]


class OnnxPredictor:
    """Runs one session. To be used by one thread at a time; `stop` may come from any."""

    def __init__(self, session: Any, output: tuple[str, int], columns: Sequence[int], references: Sequence[float]):
        """`output` is the name and the column; `columns` say where in a vector the inputs stand, in order."""
        self._ort, self._numpy = libraries()
        self._session = session
        self._input = session.get_inputs()[0].name
        self._name, self._column = output
        self._columns = list(columns)
        self._references = self._numpy.asarray(references, dtype=self._numpy.float32)
        self._options: Any = None

    def predict(self, vectors: Sequence[Sequence[float]]) -> list[float]:
        """The outputs. What is missing in a vector, or infinite, is replaced by the reference value."""
        numpy = self._numpy
        self._options = options = self._ort.RunOptions()
        whole = numpy.asarray(vectors, dtype=numpy.float32)[:, self._columns]
        rows = numpy.empty((-(-len(whole) // TILE) * TILE, len(self._columns)), dtype=numpy.float32)
        rows[:] = self._references
        numpy.copyto(rows[: len(whole)], whole, where=numpy.isfinite(whole))
        outputs: list[float] = []
        for start in range(0, len(rows), TILE):
            (found,) = self._session.run([self._name], {self._input: rows[start : start + TILE]}, options)
            outputs += self._picked(found)
        return outputs[: len(vectors)]

    def stop(self) -> None:
        """Has the runtime give up between two operators."""
        if self._options is not None:
            self._options.terminate = True

    def _picked(self, found: Any) -> list[float]:
        """The column of an output that is asked for. Raises ValueError if there are not as many rows as were given."""
        table = found.reshape(TILE, -1) if found.ndim <= 2 and len(found) == TILE else None
        if table is None or self._column >= table.shape[1]:
            raise ValueError(f"the output {self._name} has the shape {list(found.shape)} for {TILE} rows")
        picked: list[float] = table[:, self._column].astype(float).tolist()
        return picked


def libraries() -> tuple[Any, Any]:
    """ONNX Runtime and NumPy, loaded when a model is. Raises ConfigurationError if they are not installed."""
    try:
        return import_module("onnxruntime"), import_module("numpy")
    except ImportError as error:
        raise ConfigurationError(
            "a model needs ONNX Runtime, which is not installed here; install riskengine[model]"
        ) from error


def open_session(model: bytes) -> Any:
    """A session that runs on one thread. Raises ConfigurationError if the runtime cannot run the model."""
    runtime, _ = libraries()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = _QUIET
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ConfigurationError(
            f"model.onnx is no model that ONNX Runtime {runtime.__version__} can run; "
            f"export it with operators and an opset that it has: {reason(error)}"
        ) from None


def reason(error: Exception) -> str:
    """What the runtime says is wrong, in one line, without its codes and the places in its source."""
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return _CODES.sub("", line)[:500]
