"""Slack as a far side: one message for a parcel, in a channel, a thread or a direct message."""
