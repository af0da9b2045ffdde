"""What the commands of `acquisition.cli` do and print: as `gui` is the window, this is the terminal."""
