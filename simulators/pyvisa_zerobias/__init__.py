"""The hook by which PyVISA finds the simulated racks: ``pyvisa.ResourceManager("cu1@zerobias")``."""

from simulators.visa import RackVisaLibrary as WRAPPER_CLASS

__all__ = ["WRAPPER_CLASS"]
