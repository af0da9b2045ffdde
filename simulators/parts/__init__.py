"""What boxes are made of, for one model or for a kind: detectors, ranges, halves of a command table."""
