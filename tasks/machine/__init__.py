"""What this machine is doing: processor, memory and GPUs, read from the system and the NVIDIA driver."""
