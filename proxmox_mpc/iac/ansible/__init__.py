"""Ansible from what is recorded."""
