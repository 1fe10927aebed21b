"""More processes when there is more to do, and fewer when there is less: a pure policy, and drivers that act on it."""
