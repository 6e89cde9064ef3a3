"""pmpc: one command line for a Proxmox VE cluster."""
