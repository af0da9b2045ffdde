"""The parts of a plan: bias values, times, noise and heat, limits, warnings, and changes while a run goes on.

The door is `acquisition.plan`.
"""
