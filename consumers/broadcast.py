"""Every event to every socket whose filter matches."""
