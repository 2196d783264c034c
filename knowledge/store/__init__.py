"""Tables and repositories of the knowledge, on a connection that is given."""
