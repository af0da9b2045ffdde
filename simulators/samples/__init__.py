"""The contacts that can be measured without a cryostat: their truths, and the way from a truth to a curve.

The door is `simulators.sample`.
"""
