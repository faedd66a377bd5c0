"""Every text that the terminal chat shows, by noun: (English, Chinese) by key. Nothing here prints."""
