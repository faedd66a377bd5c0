"""The permission matrix: every op and route, by who asks and for what. `table/` says what is right, kept by hand."""
