"""The declared state: YAML manifests below ``infra/``, edited with their comments, and the base shared with live."""
