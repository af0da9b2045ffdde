"""What is cold: refrigerator and inserts, thermometers and their regulation, and the magnet.

`simulators.world` joins them.
"""
