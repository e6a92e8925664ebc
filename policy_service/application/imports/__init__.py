"""From uploaded bytes to checked records: rows, fields, shapes, batches, report."""
