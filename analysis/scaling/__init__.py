"""The exponent's own rooms, from the noise of a curve to the systematic errors.

`analysis.collapse` puts them together for a batch, `analysis.live` for a run that goes on.
"""
