"""From a network in numpy to an int8 TFLite file, and the file run as the device runs it.

TensorFlow is needed for this alone. It is imported late because that takes seconds.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.training.network import Network
from undertone.affect.interpreter import Int8Network

__all__ = ["converted", "outputs"]

EXAMPLES = 500
"""Vectors that show the converter how large the flows between layers become."""


def converted(network: Network, vectors: NDArray[np.float64]) -> bytes:
    """The network as a fully int8 .tflite file. `vectors`, shape (n, inputs), are some of those it was trained on."""
    with _quiet():
        return _converted(network, vectors)


def outputs(content: bytes, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The file's output for each row, through the device's own interpreter, shape (n,)."""
    network = Int8Network(content)
    return np.array([network(row)[0] for row in vectors])


def _converted(network: Network, vectors: NDArray[np.float64]) -> bytes:
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import tensorflow as tf

    tf.keras.backend.clear_session()
    layers = [tf.keras.Input((network.weights[0].shape[0],), batch_size=1, name="relative_to_usual")]
    for number, weight in enumerate(network.weights):
        last = number == len(network.weights) - 1
        name = "odds" if last else f"hidden{number + 1}"
        layers.append(tf.keras.layers.Dense(weight.shape[1], activation=None if last else "relu", name=name))
    model = tf.keras.Sequential(layers)
    model.set_weights([part for pair in zip(network.weights, network.biases, strict=True) for part in pair])
    # Extremes are shown too, so that the range of the inputs is theirs and nothing that occurs is clipped.
    shown = vectors[np.linspace(0, len(vectors) - 1, EXAMPLES).astype(int)]
    shown = np.vstack((shown, vectors[vectors.argmax(axis=0)], vectors[vectors.argmin(axis=0)]))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None].astype(np.float32)] for row in shown)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence: TensorFlow's compiled half writes pages to standard output and error, below Python's own streams."""
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            for number, handle in enumerate(kept, start=1):
                os.dup2(handle, number)
                os.close(handle)
