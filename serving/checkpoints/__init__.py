"""Checkpoints: reading the files in which models are published, pulling them, and trying them before they are trusted."""
