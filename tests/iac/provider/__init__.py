"""A stub of the bpg/proxmox provider for the real Terraform core: its schemas, how it reads, how it plans.

Written from the provider's Go sources, and by other hands than the emitter, so that a mistake is not made twice.
"""
