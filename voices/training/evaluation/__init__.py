"""Judges a voice folder on sentences that nothing was trained on. The figures go into the voice's model card."""
