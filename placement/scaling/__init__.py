"""Scale from zero: which nodes of a class an autoscaler can make, and which terms it can read."""
