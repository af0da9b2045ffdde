"""What surrounds the loop while it runs.

The way to an isotherm and over its bias values, interlocks, commands from outside, the heartbeat and the takeover; the
doors are `acquisition.engine` and `acquisition.guard`.
"""
