"""The fixtures of `brimful.testing.plugin` are there by themselves, as in the tests of users."""
