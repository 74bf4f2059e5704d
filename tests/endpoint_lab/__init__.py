"""The endpoint's stand-in with every way to misbehave that a real one was seen or feared to have."""

from tests.endpoint_lab.lab import BEHAVIOURS, EndpointLab

__all__ = ["BEHAVIOURS", "EndpointLab"]
