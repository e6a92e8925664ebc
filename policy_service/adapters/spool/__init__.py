"""The spool: where access events wait on this node until the database has them."""
