"""One act per command: from a checked request to a proposal, and from a question to what the store says.

Nothing here knows sockets or when something is published.
"""
