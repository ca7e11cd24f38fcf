"""Record evidence, sign its chain and export it. Changes nothing else."""
