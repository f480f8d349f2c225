"""How many accelerators each policy leaves unallocated on the public traces, beside what was published of them."""
