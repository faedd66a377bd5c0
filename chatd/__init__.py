"""A group-chat server: durable, ordered, gated by mutual follows."""

__version__ = "0.1.0"
