"""The only composition root: which edge stands behind which port."""
