"""The servers of others that the benchmark measures beside ours, and how one gets them."""
