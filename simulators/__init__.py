"""Pretend: boxes that answer bytes, one cryostat behind them all, on a virtual clock.

The rooms, from the ground up: `noise`, `dialect`, `faults`, `clock` (f0); `sample` with the folder `samples` (f1);
`cryogenics`, `wiring`, `world` (f2); one file a box, named `role_model.py`, and what they are made of in `parts` (f3);
`rack` (f4); `visa` (f5, the PyVISA backend) and `server`.
No instruments module is imported here: the two sides of the wire meet only on the wire.
"""
