"""The server is killed, its disk is cut off, faults are planted in it: is what it promised still true?"""
