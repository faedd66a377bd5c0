"""The wire of chatd: what client and server say to each other, for both of them and for nobody else.

Nothing in this package opens a socket, reads a clock or stores anything.
"""

PROTOCOL_VERSION = 1
SUBPROTOCOLS = ("chatd.v1.json", "chatd.v1.msgpack")
