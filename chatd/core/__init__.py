"""The rules. Plain functions and values: nothing here waits, reads a clock, draws lots or knows a database."""
