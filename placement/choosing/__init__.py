"""Which class a pod gets, and the record of why."""
