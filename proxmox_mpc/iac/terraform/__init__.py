"""Terraform for the provider bpg/proxmox, whose first plan imports everything and changes nothing."""
