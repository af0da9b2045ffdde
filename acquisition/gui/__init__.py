"""The lab window: looks at a run file, speaks to the engine through the command file, computes no physics itself.

The rooms, from the ground up: `style`, `tail`, `launch` (no widgets); `fitting` (the worker); `panel` (what a panel
is); `plots` (axes, range, mark), `canvas` (what they are drawn on: menu, export), `view` (a panel of them) and the
views, one a file; the strip, bars and panels; `panels` (which there are, one line each), `panel_frame` (their places);
`window`; `app`. The window opens no instrument and may die at any time: the engine is a process of its own, and
`zerobias gui RUNFILE` attaches again.
"""
