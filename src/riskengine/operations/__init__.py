"""What operators see: signals of how the engine is, read from its metrics, and the rules over them."""
