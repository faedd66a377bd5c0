"""`chatd doctor`: looks at everything that a server depends on, changes nothing, and says what to do.

What is looked at lies by noun: `configuration`, `machine`, `disk`, `tls`, `store`, `serving`, `proxy`. A check is a
function that yields findings; each group of them has a bounded time, after which it is left alone and that is said.
"""
