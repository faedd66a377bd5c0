"""The tests, in the layout of what they test. Helpers are plain modules: `from tests.pg import running_postgres`."""
