"""Features: `catalogue` (as data) · `compiler` (to one function, with `code`, `aggregates`, `support`)."""
