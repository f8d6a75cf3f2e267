"""The version of Voxreel; part of the content address of everything it makes (see workers/addresses.py)."""

VERSION = "0.1.0"
