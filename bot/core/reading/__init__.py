"""The parts that a typed command is read by; `core.reader` puts them together."""
