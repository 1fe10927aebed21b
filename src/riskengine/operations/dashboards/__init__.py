"""What operators look at: dashboards as data, and beside them the same for Grafana, made by `scripts/dashboards.py`."""
