"""What a person is told after a command or a click, by what it is about; `render.replies` is the door."""
