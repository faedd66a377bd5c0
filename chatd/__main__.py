"""`python -m chatd` is `chatd`."""

from chatd.cli import main

if __name__ == "__main__":
    main()
