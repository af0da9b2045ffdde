"""Judge: conductance curves in, exponents, parameters and evidence out; no file, clock, Qt or instrument.

The rooms, from the ground up: `errors`, `quantities` (f0); `kondo`, `curves` (f1); `mechanisms`, `corrections`,
`collapse`, `live` with the folder `scaling` (f2); `features`, `parameters` with `signs` (f3); `evidence` with `judging`
(f4); `report` with `figures` (f5). Arrays go in, frozen dataclasses come out, SI units inside.
"""
