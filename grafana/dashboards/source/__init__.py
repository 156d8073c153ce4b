"""What scripts/build-dashboards makes the JSON files beside this directory from."""
