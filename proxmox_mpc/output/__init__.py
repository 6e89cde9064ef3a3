"""Tables, JSON, YAML and schemas: the only place that writes data to stdout."""
