"""The one way state changes: every command, button, REST call and CLI call ends here."""
