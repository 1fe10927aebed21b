"""Models behind the port `scoring.model`: what a bundle is, and how one is run."""
