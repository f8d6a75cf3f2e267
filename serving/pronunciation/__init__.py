"""How a text is pronounced: English by sounds, Vietnamese by letters, each with its place in the text."""

from serving.pronunciation.phones import Phone, inventory
from serving.pronunciation.reading import Pronunciation

__all__ = ["Phone", "Pronunciation", "inventory"]
