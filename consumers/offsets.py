"""Which offset may be read next and which may be committed: pure."""
