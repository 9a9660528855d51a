"""`python -m vqaft`."""

from vqaft.cli import main

if __name__ == "__main__":
    main()
