"""Search as a follower of the log: a program that reads the log into an index of its own, and the way to ask it.

The index holds words and positions, no text that anybody is shown, and decides nothing: what it finds is looked up in
the live rows and judged by who asks. It can be deleted at any time and is made again from the log.
"""
