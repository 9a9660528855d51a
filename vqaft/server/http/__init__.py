"""HTTP plumbing of the server: errors, access control, request parsing."""
