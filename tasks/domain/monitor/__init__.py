"""What is known of the machines and of the work, as values: samples, figures of a window, limits and alarms."""
