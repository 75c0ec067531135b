"""Mutation tests: change one expression at a time, and check that a test fails. Development only, not shipped."""
