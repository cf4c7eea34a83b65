"""The whole service on one machine, with something to look at and an audit of every delivery."""
