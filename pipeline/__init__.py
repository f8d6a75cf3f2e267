"""The craft: document -> script -> narration -> visuals -> video, as plain functions on plain dataclasses.

Nothing of the rest of Voxreel is imported here. What a function needs from outside (speech, progress, a cancel check)
it takes as an argument.
"""
