"""`python -m cli`, the same as `voxreel`."""

from cli import main

main()
