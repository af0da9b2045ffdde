"""The figures of the report, one room a figure; `analysis.report` is their door.

Only this folder and its door know matplotlib, and of it only the object interface: no window, no global state, nothing
to close. Units change here and nowhere before: siemens to e2/h, volts to mV.
"""
