"""The local database: recorded state and its history."""
