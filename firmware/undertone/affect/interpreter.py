"""The one door to the TFLite interpreter: ai-edge-litert, or tflite-runtime where that is what is installed.

Source: ai.google.dev/edge/litert, Interpreter; XNNPACK is off because it gains nothing on nets of this size and its delegate
speaks on standard output.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.errors import ModelError

__all__ = ["AGAIN", "Int8Network", "interpreter_name"]

_ABSENT = (ImportError, AttributeError, SystemError)
AGAIN = "install Undertone's own file again, or run models/train"
_REFUSED = (ValueError, RuntimeError, TypeError, ImportError, AttributeError, SystemError, OSError)
"""What interpreters raise for a file that they cannot read, and tflite-runtime for a numpy that it was not built for."""


def interpreter_name() -> str | None:
    """The package that would run a model here, or None where there is none."""
    found = _find()
    return None if found is None else found[1]


class Int8Network:
    """A network with one int8 input and one int8 output.

    content: the bytes of a .tflite file, which the caller has checked.
    Raises ModelError where there is no interpreter, or it refuses the file, or the file is not int8 in and out.
    """

    def __init__(self, content: bytes) -> None:
        found = _find()
        if found is None:
            raise ModelError("No TFLite interpreter is installed; install ai-edge-litert to use the affect model.")
        module, package = found
        try:
            resolver = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            network = module.Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=resolver)
            network.allocate_tensors()
            inputs, outputs = network.get_input_details(), network.get_output_details()
        except _REFUSED as trouble:
            why = " ".join(str(trouble).split())
            raise ModelError(f"{package} refuses the affect model ({why}); {AGAIN}.") from trouble
        if len(inputs) != 1 or len(outputs) != 1:
            raise ModelError(f"The affect model has {len(inputs)} inputs and {len(outputs)} outputs; one of each is needed.")
        self._network = network
        self._input, self._output = inputs[0], outputs[0]
        self._zero = _quantisation(self._input, "input"), _quantisation(self._output, "output")

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Of input and output."""
        return tuple(int(n) for n in self._input["shape"]), tuple(int(n) for n in self._output["shape"])

    def quantised(self, values: NDArray[np.float64]) -> NDArray[np.int8]:
        """Real inputs as the network takes them; beyond its range they are clipped."""
        scale, zero = self._zero[0]
        # Neither NaN nor infinity may reach the cast: its result would be whatever the processor makes of it.
        known = np.nan_to_num(values, posinf=255.0 * scale, neginf=-255.0 * scale)
        steps = np.clip(known, -255.0 * scale, 255.0 * scale) / scale
        return np.clip(np.round(steps) + zero, -128, 127).astype(np.int8)

    def run(self, values: NDArray[np.int8]) -> NDArray[np.int8]:
        """Quantised outputs of quantised inputs, each in the network's own shape."""
        self._network.set_tensor(self._input["index"], values.reshape(self.shapes[0]))
        self._network.invoke()
        return np.array(self._network.get_tensor(self._output["index"]), dtype=np.int8)

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Real outputs, flat, of real inputs."""
        scale, zero = self._zero[1]
        return (self.run(self.quantised(values)).astype(np.float64).ravel() - zero) * scale


def _find() -> tuple[Any, str] | None:
    # Both are imported here and not above, so that the simulator and the rules run without either.
    try:
        from ai_edge_litert import interpreter as litert

        return litert, "ai-edge-litert"
    except _ABSENT:
        pass
    try:
        from tflite_runtime import interpreter as runtime

        return runtime, "tflite-runtime"
    except _ABSENT:
        return None


def _quantisation(details: Any, name: str) -> tuple[float, int]:
    """Scale and zero point of a tensor; ModelError unless it is int8 with one of each."""
    if details["dtype"] is not np.int8:
        kind = np.dtype(details["dtype"]).name
        raise ModelError(f"The {name} of the affect model is {kind}, not int8; {AGAIN}.")
    scale, zero = details["quantization"]
    if not (np.isfinite(scale) and scale > 0.0):
        raise ModelError(f"The {name} of the affect model has no scale; {AGAIN}.")
    return float(scale), int(zero)
