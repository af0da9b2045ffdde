"""From curves and signs to a verdict.

Models fitted to the same data, criteria that speak for or against, and the rule that weighs them; the door is
`analysis.evidence`.
"""
