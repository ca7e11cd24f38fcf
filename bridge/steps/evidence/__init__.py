"""What is recorded and handed over as evidence. Changes nothing else."""
