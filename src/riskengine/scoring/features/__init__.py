"""Features: `catalogue` (what they are, as data) · `compiler` (from it to one function, with `code`, `aggregates`, `support`)."""
