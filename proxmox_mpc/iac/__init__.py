"""A living cluster as code: a neutral model of what is recorded, and Terraform and Ansible made from it."""
