"""Hand-written methods that extend generated resources."""
