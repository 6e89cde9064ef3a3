"""Every write verb against everything that can go wrong."""
