"""The comparison behind `make bench`: rows, servers, report. Started by ../run."""
