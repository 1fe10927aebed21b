"""How fast the engine is on this machine: `python -m benchmarks`.

`traffic` (what is sent) · `scoring` (the pure core) · `ground` (a running stack, with the engine or with
`constant_worker` in its place) · `load` (clients) · `meter` (CPU and memory of processes) · `course` (the runs) ·
`figures` and `report`; `spike` (`python -m benchmarks.spike`: ten times what it can do), with `flood`, `depths` and
`spike_figures`
"""
