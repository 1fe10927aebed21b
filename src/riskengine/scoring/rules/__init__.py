"""Rules: `ruleset` (as data) · `names` (what they speak of) · `expression` (how they are written) · `compiler` · `errors`."""
