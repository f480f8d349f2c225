"""What it costs to know a cluster: the seconds to read all of it, the memory that holds it, and the price of news."""
