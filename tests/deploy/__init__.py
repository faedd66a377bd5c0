"""What is given to whoever runs the server: the image, the units, the settings of proxies, the dashboard."""
