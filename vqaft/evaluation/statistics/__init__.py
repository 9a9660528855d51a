"""The statistics behind the verdict, as functions of arrays."""
