"""Measure: recipe -> plan -> loop -> readings -> run file, and the commands and window around that flow.

The rooms, from the ground up: `errors`, `clock` (f0); `recipe`, `station_file`, `readings` (f1); `plan` with the folder
`planning`, `circuit` (f2); `loop` with `running`, `run_writer`, `run_reader` (f3); `connectors`, `box_by_box`, and
`station`, the only file that knows real and simulated (f4); `engine`, `guard`, `export` (f5); `gui` (f6); `cli` with
`terminal` (f7). Import names from the room that owns them.
"""
