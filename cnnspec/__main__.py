"""`python -m cnnspec` is `cnnspec`."""

from cnnspec.cli.main import main

if __name__ == "__main__":
    main()
