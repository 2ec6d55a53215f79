"""`python -m weighbridge.cli`: the same as the command `weighbridge`."""

from weighbridge.cli.app import main

if __name__ == "__main__":
    main()
