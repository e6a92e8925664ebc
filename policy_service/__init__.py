"""Access decisions for shared EV depot chargers, on recurring schedules."""

__version__ = "0.1.0"
