"""The loops that take an item from a source and owe that source an answer."""
