"""Steer: the drivers, each behind one of four roles, none of which trusts its caller or its box.

The rooms, from the ground up: `errors`, `roles` (f0); `limits`, `settling`, `transport` (f1); one file a box, named
`role_model.py` (f2). Limits are refused before the wire, replies are parsed strictly, settings are read back.
"""
