"""What to buy: what a transaction costs here, measured; what a load needs, computed; what a spike does, simulated."""
