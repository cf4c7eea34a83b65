"""The speaking edge: one method, send, that turns a far side's answer into an Outcome."""
