"""What the client and the simulated Sendcloud are held to from outside: Prism and Schemathesis."""
