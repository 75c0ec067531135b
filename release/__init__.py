"""Release checks: build the distributions, and check all that a release publishes. Development only, not shipped."""
