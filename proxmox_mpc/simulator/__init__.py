"""An embedded, deterministic Proxmox VE API; imports nothing of the other packages."""
