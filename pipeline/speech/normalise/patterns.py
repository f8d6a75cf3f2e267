"""Pieces of patterns both languages share. Every repeat is bounded, so no text makes them slow."""

from __future__ import annotations

#: No number begins inside another one, nor right after its decimal or thousands mark.
NUMBER_BEGINS = r"(?<!\d)(?<!\d[.,])"
NUMBER_ENDS = r"(?!\d)(?![.,]\d)"
#: A sign is a sign only where no word or number stands right before it.
SIGN = r"(?:(?<![\w.,)\]%-])[+-])?"
CLOCK = r"(?:[01]?\d|2[0-3])"
MINUTES = r"[0-5]\d"
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
#: From here on a number is said digit by digit.
MOST_DIGITS = 15
#: Fewer digits are no telephone number.
SHORTEST_PHONE = 8
