"""The signs by which mechanisms differ, one a room, each found in the curves with its error.

Saturation, splitting, transitions, telegraph noise, phonons, field laws and more; `analysis.features` looks for all.
"""
