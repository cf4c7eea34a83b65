"""The only composition root: which edge stands behind which port. Each part is entered, and closed in reverse."""
