"""A small network, trained in numpy so that the same seed gives the same weights everywhere the same numpy runs.

Theory of operation. MEMBERS networks of two hidden layers are trained from different seeds by Adam on cross-entropy, with
decay of weights, dropout, and whole channels dropped so that each learns to do without pulse or without skin. Their mean is
itself one network with wider layers, whose second layer is block-diagonal; that one is converted and shipped.

Source: Adam: Kingma and Ba 2015, arXiv 1412.6980. Dropout: Srivastava et al. 2014, JMLR 15:1929.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undertone.affect import NAMES

__all__ = ["PULSE", "SKIN", "Network", "trained"]

Floats = NDArray[np.float64]

MEMBERS = 5
HIDDEN = (12, 6)
EPOCHS = 25
BATCH = 256
RATE = 2e-3
DECAY = 2e-2
DROPOUT = 0.2
CHANNEL_DROPOUT = 0.15
"""Chance that a training example loses its pulse, and the same for its skin."""

# Which inputs come from which channel.
PULSE = np.array([name.startswith(("heart", "variability", "breathing", "pulse")) for name in NAMES])
SKIN = ~PULSE


@dataclass(frozen=True, slots=True)
class Network:
    """Dense layers with ReLU between them and a single number out: the log odds of stress, uncalibrated."""

    weights: tuple[Floats, ...]
    """Shape (inputs, outputs) each."""
    biases: tuple[Floats, ...]

    def __call__(self, vectors: Floats) -> Floats:
        """The output for each row, shape (n,)."""
        flow = vectors
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            flow = np.maximum(flow @ weight + bias, 0.0)
        return np.asarray((flow @ self.weights[-1] + self.biases[-1]).ravel())

    @property
    def size(self) -> int:
        """How many weights and biases there are."""
        return sum(part.size for part in (*self.weights, *self.biases))


def trained(vectors: Floats, labels: Floats, weights: Floats, *, seed: int) -> Network:
    """A network that tells label 1 from 0. The same arguments give the same network."""
    seeds = np.random.SeedSequence(seed).spawn(MEMBERS)
    return _merged([_member(vectors, labels, weights, np.random.default_rng(child)) for child in seeds])


def _member(vectors: Floats, labels: Floats, weights: Floats, random: np.random.Generator) -> Network:
    sizes = (vectors.shape[1], *HIDDEN, 1)
    parts: list[Floats] = []
    for wide, narrow in itertools.pairwise(sizes):
        parts += [random.normal(0.0, np.sqrt(2.0 / wide), (wide, narrow)), np.zeros(narrow)]
    first, second = [np.zeros_like(part) for part in parts], [np.zeros_like(part) for part in parts]
    turns, turn = EPOCHS * (len(labels) // BATCH), 0
    for _ in range(EPOCHS):
        order = random.permutation(len(labels))
        for start in range(0, len(labels) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            turn += 1
            slopes = _slopes(parts, _blinded(vectors[rows], random), labels[rows], weights[rows], random)
            rate = RATE * 0.5 * (1.0 + np.cos(np.pi * turn / turns))
            for i, slope in enumerate(slopes):
                first[i] = 0.9 * first[i] + 0.1 * slope
                second[i] = 0.999 * second[i] + 0.001 * slope**2
                step = (first[i] / (1.0 - 0.9**turn)) / (np.sqrt(second[i] / (1.0 - 0.999**turn)) + 1e-8)
                parts[i] = parts[i] - rate * (step + (DECAY * parts[i] if parts[i].ndim == 2 else 0.0))
    return Network(tuple(parts[0::2]), tuple(parts[1::2]))


def _blinded(vectors: Floats, random: np.random.Generator) -> Floats:
    """The vectors, some without their pulse, others without their skin, as the device would see them."""
    lost = random.random(len(vectors))[:, None]
    keep = ~(((lost < CHANNEL_DROPOUT) & PULSE) | ((lost > 1.0 - CHANNEL_DROPOUT) & SKIN))
    return np.asarray(vectors * keep)


def _slopes(
    parts: Sequence[Floats], vectors: Floats, labels: Floats, weights: Floats, random: np.random.Generator
) -> list[Floats]:
    """The gradient of the weighted cross-entropy in each part, by backpropagation, with dropout."""
    flows, masks = [vectors], []
    for i in range(0, len(parts) - 2, 2):
        flow = flows[-1] @ parts[i] + parts[i + 1]
        mask = (flow > 0.0) * (random.random(flow.shape) >= DROPOUT) / (1.0 - DROPOUT)
        masks.append(mask)
        flows.append(flow * mask)
    odds = (flows[-1] @ parts[-2] + parts[-1]).ravel()
    error = (weights * (1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))) - labels))[:, None] / len(labels)
    slopes: list[Floats] = []
    for i in range(len(parts) - 2, -1, -2):
        slopes = [flows[i // 2].T @ error, error.sum(axis=0), *slopes]
        if i:
            error = (error @ parts[i].T) * masks[i // 2 - 1]
    return slopes


def _merged(members: Sequence[Network]) -> Network:
    """One network whose output is the mean of the members' outputs."""
    count = len(members)
    depth = len(members[0].weights)
    weights, biases = [np.hstack([m.weights[0] for m in members])], [np.hstack([m.biases[0] for m in members])]
    for layer in range(1, depth - 1):
        blocks = [m.weights[layer] for m in members]
        wide, narrow = blocks[0].shape
        whole = np.zeros((wide * count, narrow * count))
        for i, block in enumerate(blocks):
            whole[i * wide : (i + 1) * wide, i * narrow : (i + 1) * narrow] = block
        weights.append(whole)
        biases.append(np.hstack([m.biases[layer] for m in members]))
    weights.append(np.vstack([m.weights[-1] for m in members]) / count)
    biases.append(np.mean([m.biases[-1] for m in members], axis=0))
    return Network(tuple(weights), tuple(biases))
