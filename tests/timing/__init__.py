"""Whether how long an answer takes tells something that the answer itself does not."""
