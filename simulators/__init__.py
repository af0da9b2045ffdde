"""Pretend: boxes that answer bytes, one cryostat behind them all, on a virtual clock.

The rooms, from the ground up: `noise`, `dialect`, `faults`, `clock` (f0); `sample` (f1); `cryostat`, `magnet`,
`wiring`, `world` (f2); what boxes of a kind share, such as `lockin_detector` and `source_unit`; one file a box, named
`role_model.py` (f3); `rack` (f4); `visa` (f5, the PyVISA backend).
No instruments module is imported here: the two sides of the wire meet only on the wire.
"""
