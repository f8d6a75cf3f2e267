"""Voices: references made fit to speak after, kept as long as there is room, and what becomes of the sound they speak."""
