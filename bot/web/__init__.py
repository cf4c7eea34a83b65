"""The edge for browsers and operators: streams, health, metrics."""
