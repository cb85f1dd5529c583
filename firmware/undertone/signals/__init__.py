"""Signals: from samples to heartbeats, heart rate, breathing, skin conductance, and how far each can be trusted.

Pure and streaming: `Signals.push` takes blocks and gives beats and responses, `Signals.features` says once a second what is
known. Nothing here asks for the time, and nothing depends on how the stream was cut.
"""

from undertone.signals.features import Signals

__all__ = ["Signals"]
