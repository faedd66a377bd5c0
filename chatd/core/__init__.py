"""The rules. Plain functions and values: nothing here waits, reads a clock, draws a random number or knows a database."""
