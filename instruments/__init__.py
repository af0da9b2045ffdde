"""Steer: the drivers, each behind one of its roles, none of which trusts its caller or its box.

The rooms, from the ground up: `errors`, `roles` (f0); `limits`, `settling`, `transport` (f1); what boxes of a kind
share, such as `srs_lockin`, `current_source`, `lakeshore` and `oxford`; what is done with a magnet beyond going to a
field: `persistent_mode`, `degauss`, `field_sweep`; one file a box, named `role_model.py`.
Limits are refused before the wire, replies are parsed strictly, settings are read back.
"""
