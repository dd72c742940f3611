"""Benchmarks of the kernels beside their peers; not part of the wheel."""
