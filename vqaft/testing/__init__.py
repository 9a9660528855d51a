"""Public fakes for the tests of those who build on vqaft."""
