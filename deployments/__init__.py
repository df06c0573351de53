"""How the flows are run: pools, deployments, triggers, and everything together on one machine."""
