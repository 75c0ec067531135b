"""Generated from the contract by `make generate`; not edited by hand.

Models, endpoint functions and resource classes. The names meant for use are exported by the package above.
"""
