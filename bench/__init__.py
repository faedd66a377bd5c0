"""How fast and how large the server is, beside a rule-less sketch of the same path: `python -m bench`."""
