"""What is released, tried as a stranger would: installed into empty environments, served, talked to, uninstalled."""
