"""The alerts, by what they look at. `operations.alerts` has them all."""
