"""Steps that open a privacy request, work on its tasks in order, and conclude it. Does no task's own work."""
