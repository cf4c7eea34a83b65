"""What the loops and the actions need from the edges, each as a Protocol owned by this side."""
