"""The one way state changes: every command, button, REST call and CLI call ends here.

Each act checks who may do it, does it, leaves an audit record, tells whom it concerns, and returns what it came to as a
value. What an act needs from the world is a port; a port that can't answer raises UnavailableError.
"""
