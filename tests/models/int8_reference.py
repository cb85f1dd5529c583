"""A .tflite file of dense layers, read and run with numpy alone, so that the shipped file is tested where no interpreter is.

Source: the schema of TensorFlow Lite (schema.fbs, version 3) and FlatBuffers' internals; the arithmetic of int8 is that of
"Quantization and Training of Neural Networks", Jacob et al. 2018, arXiv 1712.05877.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KINDS = {2: np.int32, 9: np.int8}
FULLY_CONNECTED = 9


@dataclass(frozen=True, slots=True)
class Tensor:
    values: Any
    scale: Any
    zero: int


class Table:
    """One table of a FlatBuffer: fields by number."""

    def __init__(self, content: bytes, at: int) -> None:
        self.content, self.at = content, at
        self.fields = at - struct.unpack_from("<i", content, at)[0]

    def place(self, field: int) -> int | None:
        size = struct.unpack_from("<H", self.content, self.fields)[0]
        offset = struct.unpack_from("<H", self.content, self.fields + 4 + 2 * field)[0] if 4 + 2 * field < size else 0
        return self.at + offset if offset else None

    def number(self, field: int, form: str, default: int = 0) -> int:
        place = self.place(field)
        return default if place is None else int(struct.unpack_from(form, self.content, place)[0])

    def table(self, field: int) -> Table | None:
        place = self.place(field)
        return None if place is None else Table(self.content, place + struct.unpack_from("<I", self.content, place)[0])

    def vector(self, field: int, dtype: Any) -> Any:
        place = self.place(field)
        if place is None:
            return np.array([], dtype)
        start = place + struct.unpack_from("<I", self.content, place)[0]
        return np.frombuffer(self.content, dtype, struct.unpack_from("<I", self.content, start)[0], start + 4)

    def tables(self, field: int) -> list[Table]:
        place = self.place(field)
        assert place is not None
        start = place + struct.unpack_from("<I", self.content, place)[0] + 4
        return [Table(self.content, start + 4 * i + int(at)) for i, at in enumerate(self.vector(field, np.uint32))]


class Int8Reference:
    """The network of a file: int8 in, int8 out."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        model = Table(content, struct.unpack_from("<I", content)[0])
        graph, buffers = model.tables(2)[0], model.tables(4)
        codes = [max(code.number(0, "<b"), code.number(3, "<i")) for code in model.tables(1)]
        self.tensors = [self._tensor(tensor, buffers) for tensor in graph.tables(0)]
        self.layers = []
        for operator in graph.tables(3):
            assert codes[operator.number(0, "<I")] == FULLY_CONNECTED
            options = operator.table(4)
            relu = options is not None and options.number(0, "<b") == 1
            self.layers.append((*operator.vector(1, np.int32), *operator.vector(2, np.int32), relu))
        self.input, self.output = self.tensors[self.layers[0][0]], self.tensors[self.layers[-1][3]]

    def _tensor(self, tensor: Table, buffers: list[Table]) -> Tensor:
        raw = buffers[tensor.number(2, "<I")].vector(0, np.uint8).tobytes()
        values = np.frombuffer(raw, KINDS[tensor.number(1, "<b")]).astype(np.int64)
        quantisation = tensor.table(4)
        assert quantisation is not None
        zeros = quantisation.vector(3, np.int64)
        shaped = values.reshape(tensor.vector(0, np.int32)) if len(values) else values
        return Tensor(shaped, quantisation.vector(2, np.float32).astype(np.float64), int(zeros[0]) if len(zeros) else 0)

    def quantised(self, vector: Any) -> Any:
        return np.clip(np.round(np.asarray(vector) / self.input.scale[0]) + self.input.zero, -128, 127).astype(np.int64)

    def run(self, flow: Any) -> int:
        for source, weights, bias, target, relu in self.layers:
            before, dense, after = self.tensors[source], self.tensors[weights], self.tensors[target]
            total = (np.asarray(flow) - before.zero) @ dense.values.T + self.tensors[bias].values
            scaled = np.floor(total * (before.scale * dense.scale / after.scale) + 0.5) + after.zero
            flow = np.clip(scaled, after.zero if relu else -128, 127).astype(np.int64)
        return int(flow[0])
