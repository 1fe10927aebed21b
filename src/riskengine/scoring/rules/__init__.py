"""Rules: `ruleset` (as data) · `names`, `expression` (how they are written) · `compiler` · `errors`."""
