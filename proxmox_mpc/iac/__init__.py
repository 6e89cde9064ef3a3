"""A living cluster as code: a neutral model of what is recorded, and an inventory for Ansible made from it."""
