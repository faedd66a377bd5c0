"""What the operator does to the running server, through a socket that only they can open. Acts lie by noun."""
