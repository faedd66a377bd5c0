"""The hub: who is connected, what they follow, and getting each entry to them exactly once and in order."""
